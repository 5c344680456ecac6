"""The `keytalk` command: a client of the services, holding no rule."""
