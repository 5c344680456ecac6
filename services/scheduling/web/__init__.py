"""What scheduling shows to people without a login: calendar feeds and offers, each behind an address of its own."""
