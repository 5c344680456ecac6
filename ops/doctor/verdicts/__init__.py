"""What the doctor makes of what was seen: pure functions from facts to findings."""
