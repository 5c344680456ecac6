"""Makes this process green, before anything else is imported. `shared.runtime.launch` imports it first.

psycopg 3 must wait through eventlet's hub: its own waiting in C would stop every green thread at once. Its
`wait_selector` gives way too, but builds a selector for every wait, which took a third of the time of a post.
"""

import os
import select
import warnings
from typing import Any

os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

_select = select.select
eventlet.monkey_patch()


import psycopg.waiting  # noqa: E402 - after patching
from eventlet.hubs import trampoline  # noqa: E402
from eventlet.patcher import is_monkey_patched  # noqa: E402


def wait_green(gen: Any, fileno: int, interval: float = 0, timeout: float | None = None) -> Any:
    """Drive one of psycopg's generators to its end, giving way to other green threads while the server works.

    `interval` is for signals, which eventlet's hub takes by itself.
    """
    if timeout is not None:
        return psycopg.waiting.wait_selector(gen, fileno, interval, timeout)
    try:
        state = next(gen)
        while True:
            if state == psycopg.waiting.WAIT_R:
                trampoline(fileno, read=True)
                state = gen.send(psycopg.waiting.READY_R)
            elif state == psycopg.waiting.WAIT_W:
                trampoline(fileno, write=True)
                state = gen.send(psycopg.waiting.READY_W)
            else:
                state = gen.send(_either(fileno))
    except StopIteration as done:
        return done.value


def _either(fileno: int) -> int:
    """Wait until a socket can be read or written; the hub itself waits for one of the two only.

    Nearly always it can be written at once, which is cheap to ask.
    """
    readable, writable, _ = _select([fileno], [fileno], [], 0)
    if not readable and not writable:
        readable, writable, _ = select.select([fileno], [fileno], [])
    ready = (psycopg.waiting.READY_R if readable else 0) | (psycopg.waiting.READY_W if writable else 0)
    return int(ready)


psycopg.waiting.wait = wait_green


def assert_green() -> None:
    """Raise `RuntimeError` unless sockets, sleeping and the database driver give way to other green threads."""
    if not is_monkey_patched("socket") or psycopg.waiting.wait is not wait_green:
        raise RuntimeError("this process was not made green before its libraries were loaded")
