"""Libraries that every service builds on. Nothing here knows a service."""
