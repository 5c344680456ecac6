"""The tables that every service's database has for the backbone: outbox, inbox, jobs and answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    literal,
)

from shared.messaging.envelope import Envelope
from shared.persistence.commands import answers_table
from shared.persistence.types import Moment

# SQLite numbers rows by itself only where the key is a plain INTEGER.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")

HANDLED, WAITING, DEAD, DROPPED = "handled", "waiting", "dead", "dropped"
"""The states of an inbox row."""


@dataclass(frozen=True, slots=True)
class MessagingTables:
    """What one service's part of the backbone is kept in."""

    outbox: Table
    inbox: Table
    jobs: Table
    answers: Table


def messaging_tables(metadata: MetaData) -> MessagingTables:
    """Define the backbone's tables in a service's metadata."""
    return MessagingTables(_outbox(metadata), _inbox(metadata), _jobs(metadata), answers_table(metadata))


def _outbox(metadata: MetaData) -> Table:
    """Events that were saved with their state, until they have been carried for good.

    `published_at` is set when the carrier has one for good. `retry_at` holds one back that nobody could take just
    now; `parked_at` marks one that was refused: it waits for an operator, and so do later ones of its subject.
    """
    table = Table(
        "outbox",
        metadata,
        Column("seq", _SERIAL, primary_key=True, autoincrement=True),
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("type", String(100), nullable=False),
        Column("subject", String(100), nullable=False),
        Column("envelope", Text, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("published_at", Moment),
        Column("attempts", Integer, nullable=False, default=0, server_default="0"),
        Column("retry_at", Moment),
        Column("error", Text),
        Column("parked_at", Moment),
        Column("dropped_at", Moment),
        Column("dropped_by", String(100)),
        Column("drop_reason", Text),
    )
    open_ = is_unpublished(table)
    Index("ix_outbox_unpublished", table.c.seq, **_where(open_))
    Index("ix_outbox_unpublished_subject", table.c.subject, table.c.seq, **_where(open_))
    return table


def is_unpublished(outbox: Any) -> ColumnElement[bool]:
    """Say, in SQL, that an outbox row has still to be carried: the condition of its partial indexes."""
    return and_(outbox.c.published_at.is_(None), outbox.c.dropped_at.is_(None))


def _inbox(metadata: MetaData) -> Table:
    """Every event that arrived, once: handled, waiting for another try, dead until an operator acts, or dropped.

    `envelope` is kept only while it may still be needed; for what could not be read it is the text that came.
    `handled_at` is when it was handled, or came to another end.
    """
    table = Table(
        "inbox",
        metadata,
        Column("seq", _SERIAL, primary_key=True, autoincrement=True),
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("type", String(100), nullable=False),
        Column("subject", String(100), nullable=False),
        Column("state", String(10), nullable=False),
        Column("envelope", Text),
        Column("attempts", Integer, nullable=False, default=0),
        Column("next_attempt_at", Moment),
        Column("error", Text),
        Column("received_at", Moment, nullable=False),
        Column("handled_at", Moment),
        Column("dropped_by", String(100)),
        Column("drop_reason", Text),
    )
    Index("ix_inbox_unhandled", table.c.subject, table.c.seq, **_where(is_unhandled(table)))
    return table


def is_unhandled(inbox: Any) -> ColumnElement[bool]:
    """Say, in SQL, that an inbox row waits or is dead: the condition of its partial index."""
    return inbox.c.state.in_((_literal(WAITING), _literal(DEAD)))  # type: ignore[no-any-return]


def is_waiting(table: Any) -> ColumnElement[bool]:
    """Say, in SQL, that a job or an inbox row waits; for jobs it is the condition of their partial index."""
    return table.c.state == _literal(WAITING)  # type: ignore[no-any-return]


def _literal(state: str) -> Any:
    """Give a state written into the statement: against a parameter, no partial index can be used."""
    return literal(state, literal_execute=True)


def _jobs(metadata: MetaData) -> Table:
    """What is to be done at a time: see `shared.messaging.jobs`. A job that was done is gone."""
    table = Table(
        "jobs",
        metadata,
        Column("id", _SERIAL, primary_key=True, autoincrement=True),
        Column("kind", String(60), nullable=False),
        Column("subject", String(100), nullable=False),
        Column("due_at", Moment, nullable=False),
        Column("state", String(10), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_attempt_at", Moment, nullable=False),
        Column("lease_until", Moment),
        Column("error", Text),
        UniqueConstraint("kind", "subject", "due_at"),
    )
    Index("ix_jobs_waiting", table.c.next_attempt_at, **_where(is_waiting(table)))
    return table


def _where(condition: Any) -> dict[str, Any]:
    return {"postgresql_where": condition, "sqlite_where": condition}


def outbox_rows(news: Iterable[Envelope]) -> list[dict[str, Any]]:
    """Give the outbox rows of envelopes."""
    return [
        {
            "event_id": envelope.id,
            "type": envelope.type,
            "subject": envelope.subject,
            "envelope": envelope.to_json(),
            "created_at": envelope.time,
            "attempts": 0,
        }
        for envelope in news
    ]


def job_row(kind: str, subject: str, due_at: datetime) -> dict[str, Any]:
    """Give the row of a job that has not been tried yet."""
    return {
        "kind": kind,
        "subject": subject,
        "due_at": due_at,
        "state": WAITING,
        "attempts": 0,
        "next_attempt_at": due_at,
    }
