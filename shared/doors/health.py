"""Gives a service what it tells of its own health."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from shared.doors.backing import Backing
from shared.observability.health import Health


class HealthProvider(DependencyProvider):
    """Injects the `Health` of the service."""

    backing = Backing()

    def get_dependency(self, worker_ctx: Any) -> Health:
        """Give a look at the service to a worker."""
        embedded = self.backing.settings.embedded
        return Health(self.backing.store(), None if embedded else self.backing.process.broker)
