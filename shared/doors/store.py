"""Gives a service its store, and runs the relay that publishes what the store records."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from shared.doors.backing import Backing
from shared.messaging.carriers import AmqpCarrier, Carrier, DirectCarrier
from shared.messaging.relay import Relay
from shared.messaging.tables import MessagingTables
from shared.persistence.work import Store


class StoreProvider(DependencyProvider):
    """Injects the service's `Store`; its relay runs beside it."""

    backing = Backing()

    def __init__(self, messaging: MessagingTables) -> None:
        self.messaging = messaging
        self._relay: Relay | None = None

    def _carrier(self) -> Carrier:
        backing = self.backing
        if backing.settings.embedded:
            return DirectCarrier(backing.process.subscribers)
        return AmqpCarrier(backing.settings.amqp_uri, backing.service)

    def start(self) -> None:
        """Start the relay."""
        self._relay = Relay(self.backing.store(self.messaging), self._carrier())
        self.container.spawn_managed_thread(self._relay.run, identifier="relay")

    def stop(self) -> None:
        """End the relay after the batch in hand."""
        if self._relay is not None:
            self._relay.stop()

    def get_dependency(self, worker_ctx: Any) -> Store:
        """Give the store to a worker."""
        return self.backing.store(self.messaging)
