"""The tables of the notifications service, and how a message lies in the ledger."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text, UniqueConstraint, Uuid

from services.notifications.domain.messages import Message
from shared.messaging.tables import messaging_tables
from shared.persistence.types import AnyRow, Moment, new_metadata

metadata = new_metadata()
messaging = messaging_tables(metadata)

SEND_MESSAGES = "send_messages"
"""The kind of the jobs that have the sender look for what is due. Each open message has one for its next attempt."""

messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("recipient", String(80), nullable=False),
    Column("occasion", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("template", String(60), nullable=False),
    Column("subject_ref", String(80), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("useful_until", Moment),
    Column("state", String(12), nullable=False),
    Column("why", Text),
    Column("attempts", Integer, nullable=False),
    Column("message_id", String(200), nullable=False, unique=True),
    Column("facts", JSON, nullable=False),
    Column("retry_at", Moment),
    Column("claimed_at", Moment),
    Column("accepted_at", Moment),
    # What the message follows from, as events carry it: the log lines of sending it say so too.
    Column("correlation_id", String(100)),
    # When it is tried next: `due_at`, or `retry_at` after an attempt. What the sender looks for.
    Column("next_attempt_at", Moment, nullable=False),
    UniqueConstraint("recipient", "occasion", "version"),
)
"""The ledger: one row for each recipient, occasion and version, whatever became of it."""

_OPEN = messages.c.state.in_(("scheduled", "sending"))
Index("ix_messages_open", messages.c.next_attempt_at, postgresql_where=_OPEN, sqlite_where=_OPEN)


def message_row(message: Message) -> dict[str, Any]:
    """Give the row of a message."""
    return {
        **asdict(message),
        "state": message.state.value,
        "facts": dict(message.facts),
        "next_attempt_at": message.next_attempt_at,
    }


def message_of(row: AnyRow) -> Message:
    """Give the message of a row."""
    values = dict(row._mapping)
    del values["next_attempt_at"]
    return Message(**values)
