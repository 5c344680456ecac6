"""The tables of the notifications service, and how a message lies in the ledger."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
)

from services.notifications.domain.messages import Message
from services.notifications.domain.proof import ENQUIRY_LETTERS
from services.notifications.domain.statements import TELLS_ALL
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
    # Whether it waits for quiet hours to end and may be switched off: see `domain/urgency.py`.
    Column("urgency", String(12), nullable=False, server_default="ordinary"),
    # Who the recipient turned out to be when it was sent, `contact:ID` or `facilitator:ID`: whose preferences counted.
    Column("person", String(80)),
    # When a delivery report or a bounce came back for it.
    Column("answered_at", Moment),
    # The version of the words it was sent with; None for the words that come with Keytalk.
    Column("template_version", Integer),
    # The message that an operator had sent again.
    Column("resend_of", Uuid),
    # The digest that tells what this message would have told.
    Column("told_in", Uuid),
    UniqueConstraint("recipient", "occasion", "version"),
)
"""The ledger: one row for each recipient, occasion and version, whatever became of it."""

_OPEN = messages.c.state.in_(("scheduled", "sending"))
Index("ix_messages_open", messages.c.next_attempt_at, postgresql_where=_OPEN, sqlite_where=_OPEN)
_SENDING = messages.c.state == "sending"
Index("ix_messages_sending", messages.c.claimed_at, postgresql_where=_SENDING, sqlite_where=_SENDING)
Index("ix_messages_due_at", messages.c.due_at)
Index("ix_messages_subject_ref", messages.c.subject_ref)
Index("ix_messages_told_in", messages.c.told_in)
# The letters that proof begins with, few beside the reminders. SQLite does not see that a query asks for some of them.
_PROVEN = messages.c.template.in_((*TELLS_ALL, *ENQUIRY_LETTERS))
Index("ix_messages_proven", messages.c.template, messages.c.due_at, postgresql_where=_PROVEN)
# The newest of a template: the words of an edit are looked over on these.
Index("ix_messages_template", messages.c.template, messages.c.id)
_SENT_AGAIN = messages.c.resend_of.is_not(None)
Index("ix_messages_resend_of", messages.c.resend_of, postgresql_where=_SENT_AGAIN, sqlite_where=_SENT_AGAIN)

preferences = Table(
    "preferences",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("channel", String(12), nullable=False),
    Column("digest", Boolean, nullable=False),
    Column("non_critical", Boolean, nullable=False),
    Column("quiet", Boolean, nullable=False),
    Column("quiet_from", Time, nullable=False),
    Column("quiet_until", Time, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", String(100), nullable=False),
    # Why an operator changed it for them.
    Column("reason", Text),
)
"""How people wish to be written to, by who they are. Whoever has no row: see `domain/preferences.py`."""

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", String(64), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("why", Text, nullable=False),
    Column("message", Uuid),
    Column("lifted_at", Moment),
    Column("lifted_by", String(100)),
    Column("lifted_because", Text),
)
"""Addresses that turned mail down for good, as keyed hashes: nothing is sent there until an operator lifts it."""

template_versions = Table(
    "template_versions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("template", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("reason", Text),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("published_at", Moment),
    Column("published_by", String(100)),
    UniqueConstraint("template", "version"),
)
"""The words that ops wrote in place of those that come with Keytalk: draft, live (one a template) or retired."""

_LIVE = template_versions.c.state == "live"
Index(
    "ux_template_versions_live",
    template_versions.c.template,
    unique=True,
    postgresql_where=_LIVE,
    sqlite_where=_LIVE,
)

reminder_rules = Table(
    "reminder_rules",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("offsets", JSON, nullable=False),
    Column("at", Time, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("reason", Text),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", String(100), nullable=False),
)
"""The rules of reminders that ops changed; the others are as `domain/reminder_rules.py` has them."""

registers = Table(
    "registers",
    metadata,
    Column("session", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("settled", Text),
)
"""Why the register of a session is asked for no more; None where it is asked for again, as the event of `version` said.
"""

answers_read = Table(
    "answers_read",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mark", String(64), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("message", Uuid),
    Column("about", String(80)),
    Column("outcome", Text),
    Column("read_at", Moment, nullable=False),
)
"""What came back by mail, one row for each mail: `mark` is a hash of its Message-ID, so that none counts twice."""

mailbox_positions = Table(
    "mailbox_positions",
    metadata,
    Column("mailbox", String(200), primary_key=True),
    Column("uid_validity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("read_at", Moment, nullable=False),
)
"""How far each mailbox was read."""

mailbox_faults = Table(
    "mailbox_faults",
    metadata,
    Column("mailbox", String(200), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("why", Text, nullable=False),
)
"""Why a mailbox could not be read the last time; none of one that could."""

places = Table(
    "places",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("nation", String(20), nullable=False),
    Column("report_minutes", Integer),
)
"""Of each establishment, the nation, whose bank holidays its people keep, and how long before a session one reports at
its gate; None where that was not told."""


_NAMES = tuple(each.name for each in fields(Message))


def message_row(message: Message) -> dict[str, Any]:
    """Give the row of a message."""
    return {
        **{name: getattr(message, name) for name in _NAMES},
        "state": message.state.value,
        "urgency": message.urgency.value,
        "facts": dict(message.facts),
        "next_attempt_at": message.next_attempt_at,
    }


def message_of(row: AnyRow) -> Message:
    """Give the message of a row."""
    values = dict(row._mapping)
    del values["next_attempt_at"]
    return Message(**values)
