"""The unit of work: one transaction that saves facts and their news together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import Connection, Table

from shared.messaging.envelope import Envelope
from shared.messaging.tables import MessagingTables, job_row, outbox_rows
from shared.observability.context import causation_id, correlation_id, traceparent
from shared.persistence.bulk import insert_all
from shared.persistence.commands import current_command, store_answer
from shared.persistence.database import JOBS, OUTBOX, tell
from shared.persistence.rehearsal import news_of_the_rehearsal
from shared.persistence.upsert import insert_or_leave

if TYPE_CHECKING:
    from shared.clock import Clock
    from shared.contracts.base import Event
    from shared.persistence.database import Database

A = TypeVar("A")


def new_id() -> UUID:
    """Make a new id: UUIDv7, so that rows made together lie together."""
    return uuid_utils.compat.uuid7()


@dataclass(slots=True)
class UnitOfWork:
    """What a handler works with: the open transaction, the time, new ids, and the news it records.

    The news and the jobs it schedules are written in the same transaction, so one commit saves all or nothing.
    """

    connection: Connection
    now: datetime
    source: str
    tables: MessagingTables
    cause: Envelope | None = None
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
                correlation_id=correlation_id.get(),
                causation_id=causation_id.get(),
                traceparent=traceparent.get(),
            )
        )

    def schedule(self, kind: str, subject: str, due_at: datetime) -> None:
        """Have a job of `kind` run at `due_at`, once: see `shared.messaging.jobs`."""
        schedule(self.connection, self.tables.jobs, kind, subject, due_at)

    def answer(self, result: A) -> A:
        """Give `result`, the answer to the command in hand, and keep it so that the command is safe to repeat."""
        command = current_command.get()
        if command is not None:
            store_answer(self.connection, self.tables.answers, command, result, self.now)
        return result

    def answer_unkept(self, result: A) -> A:
        """Give `result` and keep no copy of it: it is personal, and what the command does may be done again."""
        command = current_command.get()
        if command is not None:
            command.answered = True
        return result


def schedule(connection: Connection, jobs: Table, kind: str, subject: str, due_at: datetime) -> None:
    """Add a job inside a transaction, unless this very one is there already."""
    insert_or_leave(connection, jobs, job_row(kind, subject, due_at))
    tell(connection, JOBS)


@dataclass(frozen=True, slots=True)
class Store:
    """A service's database, backbone tables and clock: the one place where units of work begin."""

    database: Database
    tables: MessagingTables
    clock: Clock
    service: str

    @contextmanager
    def work(self, *, trial: bool = False) -> Iterator[UnitOfWork]:
        """Open a unit of work; it commits, with its news, when the block ends without an error.

        A `trial` does everything and then undoes it, as a rehearsal of the whole call does: that one notes the news.
        """
        with self.database.writing() as connection:
            unit = self.unit(connection)
            yield unit
            if trial:
                connection.rollback()
                return
            self.save_news(unit)
            rehearsed = news_of_the_rehearsal()
            if rehearsed is not None:
                rehearsed.extend(unit.news)

    def unit(self, connection: Connection, cause: Envelope | None = None) -> UnitOfWork:
        """Give a unit of work inside a transaction that is open already, such as the inbox's."""
        return UnitOfWork(connection, self.clock(), self.service, self.tables, cause)

    def save_news(self, unit: UnitOfWork) -> None:
        """Write what a unit of work recorded into the outbox, inside its transaction."""
        if not unit.news:
            return
        insert_all(unit.connection, self.tables.outbox, outbox_rows(unit.news))
        tell(unit.connection, OUTBOX)
