"""HTTP, hardened in one place: the server, the router of a port, health and problem answers."""
