"""Who works with Keytalk: operators, their passwords and second factors, sessions, tokens, and the audit."""
