"""The servers that tests and benches start for themselves, on free ports of the loopback address.

Each is a context manager with `start`, `stop`, `kill` and `close`; a stopped or killed server can be started again on
the same port with the same data, and `close` (or the end of the `with` block) removes its folder. None outlives the
process that started it: a watcher ends what is left, even after a `kill -9`.
"""
