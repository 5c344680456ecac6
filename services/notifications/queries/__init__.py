"""The read side of the notifications service: SQL in, plain data out. One module a noun."""
