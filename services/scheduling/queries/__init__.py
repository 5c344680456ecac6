"""The read side of the scheduling service: SQL in, plain data out. One module a noun."""
