"""The tables of the scheduling service."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
)

from shared.messaging.tables import messaging_tables
from shared.persistence.types import Moment, new_metadata

metadata = new_metadata()
messaging = messaging_tables(metadata)

programmes = Table(
    "programmes",
    metadata,
    Column("slug", String(60), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("cadence", String(10), nullable=False),
    Column("min_facilitators", Integer, nullable=False),
    Column("min_group", Integer, nullable=False),
    Column("max_group", Integer, nullable=False),
    Column("price_pence", Integer, nullable=False),
    Column("price_unit", String(10), nullable=False),
)

establishments = Table(
    "establishments",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("town", String(100), nullable=False),
    Column("nation", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("required_level", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    # Welsh and former names, a line each.
    Column("other_names", Text),
)

regime_windows = Table(
    "regime_windows",
    metadata,
    Column("establishment_id", ForeignKey("establishments.id"), primary_key=True),
    Column("weekday", Integer, primary_key=True),
    Column("name", String(3), primary_key=True),
    Column("start", Time, nullable=False),
    Column("end", Time, nullable=False),
)
"""When an establishment takes sessions, by weekday (0 is Monday): morning, afternoon, evening duties."""

blackouts = Table(
    "blackouts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("establishment_id", ForeignKey("establishments.id"), nullable=False, index=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("why", String(200), nullable=False),
    Column("yearly", Boolean, nullable=False),
)

facilitators = Table(
    "facilitators",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("email", String(254), nullable=False, unique=True),
    Column("added_at", Moment, nullable=False),
)

clearances = Table(
    "clearances",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False),
    Column("establishment_id", ForeignKey("establishments.id"), nullable=False),
    Column("level", String(20), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    UniqueConstraint("facilitator_id", "establishment_id", "valid_from"),
)
"""Access of one facilitator to one establishment, as the decision letters have it. Level and dates only."""

enquiries = Table(
    "enquiries",
    metadata,
    Column("reference", String(20), primary_key=True),
    Column("programme", String(60), nullable=False),
    Column("establishment_id", String(10)),
    Column("group_size", Integer),
    Column("preferred_start", Date),
    Column("preferred_weekday", String(3)),
    Column("preferred_window", String(3)),
    Column("stage", String(20), nullable=False),
    Column("version", Integer, nullable=False),
)
"""What enquiries has told about those who ask: choices only. A projection, never edited here."""

runs = Table(
    "runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    # One run an enquiry: a second plan replaces the draft, so twins cannot both be told to people.
    Column("enquiry", String(20), nullable=False, unique=True),
    Column("establishment_id", ForeignKey("establishments.id"), nullable=False),
    Column("programme", ForeignKey("programmes.slug"), nullable=False),
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("planned_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    Column("confirmed_by", String(100)),
)

run_facilitators = Table(
    "run_facilitators",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False, index=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("number", Integer, nullable=False),
    # Local wall time and zone are the truth; UTC stands beside them for sorting and for clashes.
    Column("date", Date, nullable=False),
    Column("start", Time, nullable=False),
    Column("end", Time, nullable=False),
    Column("zone", String(40), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    UniqueConstraint("run_id", "number"),
)
Index("ix_sessions_starts_at", sessions.c.starts_at)

skipped_dates = Table(
    "skipped_dates",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("why", Text, nullable=False),
)
