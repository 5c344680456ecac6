"""What the notifications service does: one module a noun, one function for each command and each event."""
