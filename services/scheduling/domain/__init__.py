"""The rules of planning runs, as plain values and functions: no storage, no clock, no framework."""
