"""One database a service: its engine, its unit of work, its migrations."""
