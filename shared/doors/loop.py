"""Something a service does again and again, and at once when it is woken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from nameko.extensions import Entrypoint

from shared.doors.backing import Backing
from shared.messaging.signal import Signal

_log = logging.getLogger(__name__)


class Loop:
    """Calls `act` every `every` seconds until stopped; an error is logged and the next turn comes all the same."""

    def __init__(self, act: Callable[[], Any], every: float, name: str) -> None:
        self._act = act
        self._every = every
        self._name = name
        self._stopping = False
        self.signal = Signal()

    def run(self) -> None:
        """Turn until stopped."""
        while not self._stopping:
            try:
                self._act()
            except Exception as error:
                _log.warning("will try again", extra={"loop": self._name, "error": repr(error)})
            self.signal.wait(self._every)

    def stop(self) -> None:
        """End after the turn in hand."""
        self._stopping = True
        self.signal.notify()


class Repeats(Entrypoint):
    """An entrypoint that runs its method every so many seconds, and right after each commit of this service.

    It fires in every replica: what it does must be claimed in the database first.
    """

    backing = Backing()

    def __init__(self, every: float, **kwargs: Any) -> None:
        self._every = every
        self._loop: Loop | None = None
        super().__init__(**kwargs)

    def start(self) -> None:
        """Start the loop."""
        self._loop = Loop(self._turn, self._every, self.method_name)
        self.backing.database().wake_on_commit(self._loop.signal.notify)
        self.container.spawn_managed_thread(self._loop.run, identifier=self.method_name)

    def stop(self) -> None:
        """End the loop."""
        if self._loop is not None:
            self._loop.stop()

    def _turn(self) -> None:
        worker = self.container.spawn_worker(self, (), {})
        thread = self.container._worker_threads.get(worker)
        if thread is not None:
            thread.wait()


repeats = Repeats.decorator
