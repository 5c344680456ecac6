"""What surrounds a session: gate memos, kit, what happened, who came, and how it was."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)

from services.scheduling.tables.base import metadata
from shared.persistence.types import Moment

gate_memos = Table(
    "gate_memos",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    # None where one memo is for the whole run.
    Column("session_id", ForeignKey("sessions.id")),
    # draft, sent, approved, refused, out_of_date or replaced.
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("purpose", String(200), nullable=False),
    Column("host", String(200)),
    Column("due_on", Date, nullable=False),
    # What it says, as it was when it was made: the paper itself.
    Column("content", JSON, nullable=False),
    # Of names, dates, times and items: where it is another now, the memo is out of date.
    Column("fingerprint", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("sent_at", Moment),
    Column("settled_at", Moment),
    Column("approval", String(100)),
    Column("told", Integer, nullable=False, default=0),
    UniqueConstraint("run_id", "session_id", "version"),
)

kit_approvals = Table(
    "kit_approvals",
    metadata,
    Column("establishment_id", ForeignKey("establishments.id"), primary_key=True),
    Column("item", String(100), primary_key=True),
    # requested, approved or refused.
    Column("state", String(10), nullable=False),
    Column("valid_until", Date),
    Column("approval", String(100)),
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
)

left_out_kit = Table(
    "left_out_kit",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("item", String(100), primary_key=True),
    Column("instead", String(200)),
    Column("by", String(100), nullable=False),
)
"""What a run does without, and what it does instead."""

kit_counts = Table(
    "kit_counts",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("item", String(100), primary_key=True),
    Column("counted_out", Integer, nullable=False),
    Column("counted_in", Integer),
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), nullable=False, index=True),
    # delivered, part_delivered or cancelled.
    Column("state", String(14), nullable=False),
    # For a part or a cancellation: why, and on whose side it lay.
    Column("reason", String(30)),
    Column("party", String(12)),
    Column("notice_minutes", Integer),
    # For a part: how long it was held.
    Column("held_minutes", Integer),
    # cascade, make_up, merge or drop.
    Column("remedy", String(10)),
    Column("chargeable", Boolean, nullable=False),
    # Where somebody decided otherwise than the rule: why.
    Column("charge_reason", String(200)),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", String(100), nullable=False),
    Column("undone_at", Moment),
    Column("undone_by", String(100)),
)
"""What became of sessions, apart from what was planned. The newest that was not undone counts."""

attendance = Table(
    "attendance",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("expected", Integer, nullable=False),
    Column("attended", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("left_early", Integer, nullable=False),
    # Counts by group of reasons.
    Column("absent", JSON, nullable=False),
    # Optional: marks by number of seat, "attended", "partly" or "absent". No seat is ever given a name.
    Column("seats", JSON),
    Column("submitted_at", Moment, nullable=False),
    Column("submitted_by", String(100), nullable=False),
    Column("corrected_at", Moment),
)
"""How many came. Counts only: nobody in prison is ever recorded."""

feedback = Table(
    "feedback",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    Column("audience", String(20), nullable=False),
    # How many answered, and how many gave each score from 1 to 5, by question.
    Column("answers", Integer, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("received_by", String(100), nullable=False),
)
