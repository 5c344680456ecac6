"""The gateway: operators reach the services through it, by HTTP and with a token; it calls nameko RPC."""
