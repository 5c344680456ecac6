"""The rules of enquiries: pure, with no I/O, no clock and no framework."""
