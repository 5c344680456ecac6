"""What lets an operator see the services: metrics, traces, and the ids that tie log lines together."""
