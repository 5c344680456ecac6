"""The services: each owns its database and speaks to the others in events."""
