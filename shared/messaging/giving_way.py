"""Work that can wait lets the rest of its process go first, such as posts being answered."""

from __future__ import annotations

import time
from collections.abc import Callable

A_TURN = 0.001
"""Seconds within which a turn of the loop is over when nobody else has anything to do."""


def wait_while_busy(most: float, stopping: Callable[[], bool]) -> None:
    """Wait as long as others keep the process busy: `most` seconds at the most, and not once `stopping` says so."""
    until = time.monotonic() + most
    while not stopping() and (now := time.monotonic()) < until:
        time.sleep(0)
        if time.monotonic() - now < A_TURN:
            return
