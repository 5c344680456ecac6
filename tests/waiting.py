"""Waiting for what happens in its own time, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], within: float = 15.0) -> T:
    """Look until something true is seen, and give it; fail with the last thing seen after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {within:.0f} s; the last thing seen was {seen!r}")
        time.sleep(0.1)
