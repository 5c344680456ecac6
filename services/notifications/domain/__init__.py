"""The rules of notifications: pure, with no I/O, no clock and no framework."""
