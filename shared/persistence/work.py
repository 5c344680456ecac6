"""The unit of work: one transaction that saves facts and their news together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import Connection

from shared.messaging.envelope import Envelope
from shared.messaging.tables import outbox_rows

if TYPE_CHECKING:
    from sqlalchemy import Table

    from shared.clock import Clock
    from shared.contracts.base import Event
    from shared.persistence.database import Database


def new_id() -> UUID:
    """Make a new id: UUIDv7, so that rows made together lie together."""
    return uuid_utils.compat.uuid7()


@dataclass(slots=True)
class UnitOfWork:
    """What a handler works with: the open transaction, the time, new ids, and the news it records.

    The news is written to the outbox in the same transaction, so one commit saves both or neither.
    """

    connection: Connection
    now: datetime
    source: str
    cause: Envelope | None = None
    correlation_id: str | None = None
    new_id: Callable[[], UUID] = new_id
    news: list[Envelope] = field(default_factory=list)

    def record(self, event: Event, subject: str, sequence: int) -> None:
        """Note an event to be published: `sequence` is its place among the events of `subject`, from 1."""
        self.news.append(
            Envelope.of(
                event,
                id=self.new_id(),
                source=self.source,
                subject=subject,
                sequence=sequence,
                time=self.now,
                correlation_id=self.cause.correlation_id if self.cause else self.correlation_id,
                causation_id=str(self.cause.id) if self.cause else None,
            )
        )


@dataclass(frozen=True, slots=True)
class Store:
    """A service's database, outbox and clock: the one place where units of work begin."""

    database: Database
    outbox: Table
    clock: Clock
    service: str

    @contextmanager
    def work(self, correlation_id: str | None = None, *, trial: bool = False) -> Iterator[UnitOfWork]:
        """Open a unit of work; it commits, with its news, when the block ends without an error.

        A `trial` does everything and then undoes it: what a dry run reports is what would have happened.
        """
        with self.database.writing() as connection:
            unit = UnitOfWork(connection, self.clock(), self.service, correlation_id=correlation_id)
            yield unit
            if trial:
                connection.rollback()
            else:
                self.save_news(unit)

    def save_news(self, unit: UnitOfWork) -> None:
        """Write what a unit of work recorded into the outbox, inside its transaction."""
        if not unit.news:
            return
        rows = outbox_rows(unit.news)
        # psycopg sends a list of one as a pipeline, at twice the cost of the row alone.
        unit.connection.execute(self.outbox.insert(), rows[0] if len(rows) == 1 else rows)
