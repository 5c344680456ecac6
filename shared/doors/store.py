"""Gives a service its store, and runs the relay that publishes what the store records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from nameko.extensions import DependencyProvider

from shared.doors.backing import Backing
from shared.doors.jobs import Jobs
from shared.messaging.carriers import AmqpCarrier, Carrier, DirectCarrier
from shared.messaging.housekeeping import TIDY_UP, WIPE, tidy_up, wipe
from shared.messaging.jobs import Kind, daily
from shared.messaging.relay import RELAY_AGAIN, Relay
from shared.messaging.tables import MessagingTables
from shared.observability.depths import collector
from shared.persistence.work import Store

QUIET_HOUR = 3
"""The hour of UTC at which tables are tidied up."""
WIPING_LEASE = timedelta(minutes=10)
"""A VACUUM of large tables takes its time."""


class StoreProvider(DependencyProvider):
    """Injects the service's `Store`; its relay and its scheduler run beside it."""

    backing = Backing()
    jobs = Jobs()

    def __init__(self, messaging: MessagingTables) -> None:
        self.messaging = messaging
        self._relay: Relay | None = None

    def _carrier(self) -> Carrier:
        backing = self.backing
        if backing.settings.embedded:
            return DirectCarrier(backing.process.subscribers, backing.process.hub)
        return AmqpCarrier(backing.settings.amqp_uri, backing.service)

    def start(self) -> None:
        """Start the relay and the scheduler."""
        store = self.backing.store()
        collector.watch(store)
        self._relay = relay = Relay(store, self._carrier())
        self.container.spawn_managed_thread(relay.run, identifier="relay")
        self.jobs.add(Kind(RELAY_AGAIN, lambda _subjects, _stopping: relay.wake()))
        self.jobs.add(Kind(TIDY_UP, lambda _subjects, _stopping: tidy_up(store), every=daily(QUIET_HOUR)))
        self.jobs.add(Kind(WIPE, lambda _subjects, _stopping: wipe(store), lease=WIPING_LEASE))
        self.jobs.begin()

    def stop(self) -> None:
        """End the relay after the batch in hand."""
        collector.forget(self.backing.service)
        if self._relay is not None:
            self._relay.stop()

    def get_dependency(self, worker_ctx: Any) -> Store:
        """Give the store to a worker."""
        return self.backing.store()
