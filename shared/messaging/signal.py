"""Wakes a loop that would otherwise only look now and then."""

from __future__ import annotations

import threading


class Signal:
    """Remembers that something happened until the one who waits has seen it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def notify(self) -> None:
        """Wake the loop, now or at its next wait."""
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait until notified, `seconds` at most."""
        self._event.wait(seconds)
        self._event.clear()
