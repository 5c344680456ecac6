"""What waits in a service's part of the backbone, counted: its outbox, its inbox and its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, func, select

from shared.messaging.jobs import FAILED, MISSED
from shared.messaging.tables import DEAD, WAITING, MessagingTables, is_unhandled, is_unpublished

LATE = timedelta(minutes=1)
"""A job that has not been done this long after it was due is late."""


@dataclass(frozen=True, slots=True)
class OutboxBacklog:
    """Events that have still to be carried: how many, the age of the oldest in seconds, and how many were refused."""

    waiting: int
    oldest_seconds: float
    parked: int


@dataclass(frozen=True, slots=True)
class InboxBacklog:
    """Events that were not handled: behind another of their subject, to be tried again, and dead."""

    waiting: int
    retrying: int
    dead: int


@dataclass(frozen=True, slots=True)
class JobsBacklog:
    """Jobs: due by now, more than `LATE` overdue, by how many seconds the latest of those, given up, and missed."""

    due: int
    overdue: int
    most_late_seconds: float
    given_up: int
    missed: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """All that waits in one service's database at a moment."""

    outbox: OutboxBacklog
    inbox: InboxBacklog
    jobs: JobsBacklog


def read_backlog(connection: Connection, tables: MessagingTables, now: datetime) -> Backlog:
    """Count what waits, by the time `now`, which is the service's own."""
    return Backlog(
        _outbox(connection, tables.outbox, now), _inbox(connection, tables.inbox), _jobs(connection, tables.jobs, now)
    )


def _outbox(connection: Connection, table: Table, now: datetime) -> OutboxBacklog:
    parked = table.c.parked_at.is_not(None)
    query = select(
        func.count().filter(~parked),
        func.min(table.c.created_at).filter(~parked),
        func.count().filter(parked),
    ).where(is_unpublished(table))
    waiting, oldest, refused = connection.execute(query).one()
    return OutboxBacklog(waiting, _seconds(oldest, now), refused)


def _inbox(connection: Connection, table: Table) -> InboxBacklog:
    waits, timed = table.c.state == WAITING, table.c.next_attempt_at.is_not(None)
    query = select(
        func.count().filter(waits, ~timed),
        func.count().filter(waits, timed),
        func.count().filter(table.c.state == DEAD),
    ).where(is_unhandled(table))
    return InboxBacklog(*connection.execute(query).one())


def _jobs(connection: Connection, table: Table, now: datetime) -> JobsBacklog:
    waits = table.c.state == WAITING
    late = table.c.due_at <= now - LATE
    query = select(
        func.count().filter(waits, table.c.next_attempt_at <= now),
        func.count().filter(waits, late),
        func.min(table.c.due_at).filter(waits, late),
        func.count().filter(table.c.state == FAILED),
        func.count().filter(table.c.state == MISSED),
    ).select_from(table)
    due, overdue, oldest, failed, missed = connection.execute(query).one()
    return JobsBacklog(due, overdue, _seconds(oldest, now), failed, missed)


def _seconds(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
