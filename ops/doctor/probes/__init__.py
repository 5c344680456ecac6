"""What the doctor looks at, a module a neighbourhood. Each probe ends by itself, and gives facts without judging."""
