"""Gives the service its canary, and has it sent at its times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from nameko.extensions import DependencyProvider

from services.enquiries.canary import Canary, Marks
from shared.doors.backing import Backing
from shared.doors.jobs import Jobs
from shared.messaging.jobs import Kind, each

SEND_CANARY = "send_canary"
"""The kind of the jobs that send one."""
LEASE = timedelta(minutes=2)


class CanaryProvider(DependencyProvider):
    """Injects the `Canary`, and has it sent again and again where the settings ask for it."""

    backing = Backing()
    jobs = Jobs()

    def start(self) -> None:
        """Take part in the service's scheduler, also where it is off: a job of an earlier life then comes to an end."""
        every = each(timedelta(minutes=self.backing.settings.canary_every))
        self.jobs.add(Kind(SEND_CANARY, self._send, lease=LEASE, every=every))

    def _send(self, _subjects: Sequence[str], _stopping: Callable[[], bool]) -> None:
        if self.backing.settings.canary:
            self._canary().send()

    def _canary(self) -> Canary:
        settings = self.backing.settings
        return Canary(self.backing.store(), settings.public_url, Marks(settings.secret_keys))

    def get_dependency(self, worker_ctx: Any) -> Canary:
        """Give the canary to a worker."""
        return self._canary()
