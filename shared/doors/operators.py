"""The operations that every service with a store offers to operators: its health, dead letters and jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from shared.doors.health import HealthProvider
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.messaging import dead_letters
from shared.messaging.jobs import list_jobs
from shared.observability.health import Health
from shared.paging import page_size
from shared.persistence.work import Store


class OperatorsDoors:
    """A base class of service classes; `store` is the service's own `StoreProvider`."""

    store: Store
    health: Health = HealthProvider()

    @operation
    def get_health(self) -> dict[str, Any]:
        """Say how this service stands: see `shared.observability.health`. It answers whatever is away."""
        return self.health.look(self.more_health)

    def more_health(self, connection: Connection) -> dict[str, Any]:
        """Give what one service has to add to its health."""
        return {}

    @operation
    def list_dead(self, limit: int = 200) -> list[dict[str, Any]]:
        """List the events that this service could not handle, read or publish, the oldest first."""
        with self.store.database.reading() as connection:
            return dead_letters.list_dead(connection, self.store.tables, page_size(limit))

    @operation
    def get_dead(self, event_id: str) -> dict[str, Any]:
        """Give one dead letter with its envelope."""
        with self.store.database.reading() as connection:
            return dead_letters.get_dead(connection, self.store.tables, _id(event_id))

    @change
    def replay_dead(self, event_id: str, actor: str | None = None) -> dict[str, Any]:
        """Have a dead letter tried again now, under the same event id."""
        with self.store.work() as work:
            state = dead_letters.replay_dead(work, _id(event_id))
            return work.answer({"id": event_id, "state": state})

    @change
    def drop_dead(self, event_id: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """Give a dead letter up for good, with the reason; what waits behind it goes on."""
        with self.store.work() as work:
            state = dead_letters.drop_dead(work, _id(event_id), reason, actor or "unnamed")
            return work.answer({"id": event_id, "state": state})

    @operation
    def list_jobs(self, limit: int = 100) -> list[dict[str, Any]]:
        """List what is to be done and when, the next first, and what could not be done."""
        with self.store.database.reading() as connection:
            return list_jobs(connection, self.store.tables, self.store.clock(), page_size(limit))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        why = f"'{text}' is not the id of an event. `keytalk dead list` shows the ids."
        raise Refused("invalid", why, {"event_id": [why]}) from None
