"""The benchmark harness: what Keytalk does a second, beside its limit and the peers it is compared with."""
