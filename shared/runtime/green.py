"""Makes this process green, before anything else is imported. `shared.runtime.launch` imports it first.

psycopg 3 must wait through Python's selectors: its own waiting in C would stop every green thread at once.
"""

import os
import warnings

os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()


def assert_green() -> None:
    """Raise `RuntimeError` unless sockets, sleeping and the database driver give way to other green threads."""
    import socket  # noqa: PLC0415 - must be looked up after patching

    import psycopg.waiting  # noqa: PLC0415
    from eventlet.patcher import is_monkey_patched  # noqa: PLC0415

    if not is_monkey_patched(socket) or psycopg.waiting.wait is not psycopg.waiting.wait_selector:
        raise RuntimeError("this process was not made green before its libraries were loaded")
