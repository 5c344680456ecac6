"""The outbox and the inbox: two tables that every service's database has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, Uuid

from shared.messaging.envelope import Envelope
from shared.persistence.types import Moment

# SQLite numbers rows by itself only where the key is a plain INTEGER.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")


@dataclass(frozen=True, slots=True)
class MessagingTables:
    """The outbox and the inbox of one service."""

    outbox: Table
    inbox: Table


def messaging_tables(metadata: MetaData) -> MessagingTables:
    """Define the outbox and inbox in a service's metadata."""
    return MessagingTables(_outbox(metadata), _inbox(metadata))


def _outbox(metadata: MetaData) -> Table:
    """Events that were saved with their state; `published_at` is set when the carrier has them for good."""
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
    )
    Index("ix_outbox_unpublished", table.c.seq, **_where(table.c.published_at.is_(None)))
    return table


def _inbox(metadata: MetaData) -> Table:
    """Every event that arrived, once: handled, waiting for another try, or dead until an operator acts.

    `envelope` is kept only while it may still be needed.
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
    )
    Index("ix_inbox_unhandled", table.c.subject, table.c.seq, **_where(table.c.state != "handled"))
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
        }
        for envelope in news
    ]
