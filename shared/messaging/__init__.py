"""The event backbone: envelope, outbox, relay, inbox, and what carries events between services."""
