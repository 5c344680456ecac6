"""What notifications shows to people without a login: how they wish to be written to, behind a signed address."""
