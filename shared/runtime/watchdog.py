"""Notices when the event loop has not turned for too long, and says where it stands.

A green process stands still whenever one greenlet computes for long or waits in C: nothing is answered, no heartbeat
reaches the broker. A greenlet sets a mark twice in each limit; a native thread sleeps until the mark would be too old
and, when it is, writes the stack of the loop's thread. The greenlet itself, once it turns again, logs how long that
took and counts it. Together they wake about three times a limit: some 0.03 % of a core.
"""

from __future__ import annotations

import linecache
import logging
import sys
import time
from types import FrameType
from typing import Any

import eventlet
from eventlet.patcher import original

from shared.observability import metrics
from shared.runtime.logs import write_past_logging

_log = logging.getLogger(__name__)

LIMIT = 1.0
"""Seconds without a turn after which the loop counts as stalled."""
_MOST_FRAMES = 40
"""Frames that a report shows: the innermost, where the time goes."""

_threading: Any = original("threading")


class Watchdog:
    """Watches the event loop of the thread that made it. Made by `start`."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._every = limit / 2
        self._loop_thread = _threading.get_ident()
        self._marked = time.monotonic()
        self._stopping = _threading.Event()
        # A first look in the loop's own thread loads what formatting needs: an import in the native thread, while
        # the loop stands still in the middle of one, would wait for its lock.
        _lines_of(sys._getframe())
        self._marker = eventlet.spawn(self._mark)
        self._watcher = _threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        self._marker.kill()
        self._watcher.join(self._limit)

    def _mark(self) -> None:
        """Mark each turn; one that comes too late ends a stall."""
        while True:
            eventlet.sleep(self._every)
            now = time.monotonic()
            late = now - self._marked - self._every
            self._marked = now
            if late > self._limit:
                metrics.loop_stalled(late)
                _log.warning("the event loop turns again", extra={"stalled_seconds": round(late, 3)})

    def _watch(self) -> None:
        """Look when the mark would be too old. Native: it uses no lock, and no module, that eventlet has patched."""
        told = 0.0
        while True:
            marked = self._marked
            left = marked + self._every + self._limit - time.monotonic()
            if left <= 0 and marked != told:
                told = marked
                self._tell()
            if self._stopping.wait(left if left > 0 else self._every):
                return

    def _tell(self) -> None:
        """Write where the loop stands: to the log's descriptor, since `logging` may itself be what stands still."""
        frame = sys._current_frames().get(self._loop_thread)
        if frame is not None:
            write_past_logging(
                __name__,
                "the event loop stands still",
                limit_seconds=self._limit,
                stack=_lines_of(frame),
            )


def start(limit: float = LIMIT) -> Watchdog:
    """Watch this thread's event loop: `limit` is the seconds that it may go without a turn."""
    return Watchdog(limit)


def _lines_of(frame: FrameType | None) -> list[str]:
    """Give the innermost lines of a stack, the outermost of them first: places and code, never a value."""
    lines: list[str] = []
    while frame is not None and len(lines) < _MOST_FRAMES:
        code, line = frame.f_code, frame.f_lineno
        source = linecache.getline(code.co_filename, line).strip()
        lines.append(f"{code.co_filename}:{line} {code.co_name}: {source}")
        frame = frame.f_back
    return lines[::-1]
