"""The end of a process: asked for by SIGTERM or SIGINT, or by what went wrong in it, and kept within its time.

Signals are heard by a native thread that sleeps until one comes. So the end comes in time even where the event loop
stands still; and nothing of the loop is touched from a signal handler, which may find it in the middle of anything.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from eventlet.event import Event
from eventlet.greenthread import spawn
from eventlet.hubs import trampoline
from eventlet.patcher import original

from shared.runtime.logs import write_past_logging

_select: Any = original("select").select
_socketpair: Any = original("socket").socketpair
_threading: Any = original("threading")

_FIRST_STATUS = 128
"""Added to an exit status in the byte that asks with it; a smaller byte is the number of a signal."""


class Stopping:
    """The wish to stop. Made in the main thread, before what it may have to stop."""

    def __init__(self, within: float) -> None:
        """`within`: seconds from the first wish until this process ends by force. A second signal ends it at once."""
        self._within = within
        self._status = 0
        self._asked = Event()
        self._ask, self._heard = _pair()
        tell, told = _pair()
        signal.set_wakeup_fd(self._ask.fileno())
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: None)
        spawn(self._note, told)
        _threading.Thread(target=self._hear, args=(tell,), name="stopping", daemon=True).start()

    def ask(self, status: int) -> None:
        """Ask for the end with an exit status, as a signal does with 0. What was asked first counts."""
        self._ask.send(bytes([_FIRST_STATUS + status]))

    @property
    def is_asked(self) -> bool:
        """Whether the end was asked for."""
        return bool(self._asked.ready())

    def wait(self) -> int:
        """Wait until the end is asked for; give the exit status."""
        self._asked.wait()
        return self._status

    def _note(self, told: Any) -> None:
        trampoline(told, read=True)
        self._asked.send(None)

    def _hear(self, tell: Any) -> None:
        """In the native thread: hand the first wish to the loop, then see to it that the end comes."""
        asked = self._heard.recv(1)[0]
        self._status = max(0, asked - _FIRST_STATUS)
        tell.send(b".")
        if not self._hears_a_signal(time.monotonic() + self._within):
            write_past_logging(__name__, "ended by force: something held in hand did not end", seconds=self._within)
        os._exit(self._status)

    def _hears_a_signal(self, until: float) -> bool:
        while (left := until - time.monotonic()) > 0:
            if _select([self._heard], [], [], left)[0] and self._heard.recv(1)[0] < _FIRST_STATUS:
                return True
        return False


def _pair() -> tuple[Any, Any]:
    """Give two native sockets, from the first of which the second hears; sending never waits."""
    ours, theirs = _socketpair()
    ours.setblocking(False)
    return ours, theirs
