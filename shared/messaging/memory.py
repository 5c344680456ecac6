"""kombu's memory transport, made to carry nameko's RPC inside one process (the embedded mode).

Two things differ from kombu's own: a message carries its content type among its properties, where nameko's responder
looks for it, and a consumer is woken by the put instead of polling.
"""

from __future__ import annotations

import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, memory, virtual

LONGEST_WAIT = 1.0
"""Seconds a consumer waits before it looks again by itself."""


class _Puts:
    """Counts the messages put into any queue, and wakes those who wait for the next."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def note(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        with self._changed:
            if self.count == seen:
                self._changed.wait(seconds)


_puts = _Puts()


class Message(virtual.Message):
    """A message whose properties hold its content type, as AMQP's do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.properties.setdefault("content_type", self.content_type)


class Channel(memory.Channel):
    """A memory channel that tells the consumers of each put."""

    Message = Message

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _puts.note()


class Transport(memory.Transport):
    """The memory transport whose `drain_events` waits for a put."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message, or raise `socket.timeout` after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = _puts.count
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                left = LONGEST_WAIT if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                _puts.wait(seen, min(left, LONGEST_WAIT))
            else:
                return


TRANSPORT_ALIASES["keytalk-memory"] = "shared.messaging.memory:Transport"
