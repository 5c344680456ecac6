"""What the enquiries service does: a function for each command and for each event it hears of, a module a subject."""
