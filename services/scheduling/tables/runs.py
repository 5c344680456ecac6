"""Programmes, and the runs of sessions that deliver them: what was planned, who leads it, and what is held."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    Time,
    Uuid,
    text,
)

from services.scheduling.tables.base import metadata
from shared.persistence.types import Moment

programmes = Table(
    "programmes",
    metadata,
    Column("slug", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    # draft, live or retired; at most one version is live, and new runs take that one.
    Column("state", String(10), nullable=False),
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
    # How many of its sessions someone has to attend to have had the programme.
    Column("minimum_dose", Integer, nullable=False),
    # Lists: "in_person", "remote"; kinds of accreditation that each facilitator needs, and those one of them needs.
    Column("modes", JSON, nullable=False),
    Column("accreditations", JSON, nullable=False),
    Column("one_needs", JSON, nullable=False),
    # A list of {"item", "quantity", "risk", "counted"}.
    Column("kit", JSON, nullable=False),
)

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
    Column("programme", String(60), nullable=False),
    Column("programme_version", Integer, nullable=False),
    # draft, held, confirmed, completed, ended_early or cancelled.
    Column("state", String(12), nullable=False),
    # Rises with every change, and is what a stale change is told by.
    Column("version", Integer, nullable=False),
    # How many events have told of it: the sequence of the last.
    Column("told", Integer, nullable=False, default=0),
    Column("planned_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    Column("confirmed_by", String(100)),
    Column("mode", String(10), nullable=False, default="in_person"),
    Column("group_size", Integer),
    Column("room_id", ForeignKey("rooms.id")),
    Column("zone", String(40), nullable=False, default="Europe/London"),
    # The slot as it was asked for: dates are made anew from it, never shifted.
    Column("slot_start", Date, nullable=False),
    Column("slot_weekday", Integer),
    Column("slot_window", String(4)),
    # A start that was asked for by the clock; without one, a session begins with its window.
    Column("slot_time", Time),
    ForeignKeyConstraint(["programme", "programme_version"], ["programmes.slug", "programmes.version"]),
)
Index("ix_runs_establishment_id", runs.c.establishment_id)

run_facilitators = Table(
    "run_facilitators",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False, index=True),
)
"""The regular team of a run; who leads each session is in `assignments`."""

IS_LIVE = "state NOT IN ('cancelled', 'superseded')"

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    # planned, make_up or extra.
    Column("kind", String(10), nullable=False, default="planned"),
    # planned, delivered, part_delivered, cancelled or superseded.
    Column("state", String(14), nullable=False, default="planned"),
    # Local wall time and zone are the truth; UTC stands beside them for sorting and for clashes.
    Column("date", Date, nullable=False),
    Column("start", Time, nullable=False),
    Column("end", Time, nullable=False),
    Column("zone", String(40), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("room_id", ForeignKey("rooms.id")),
    # How often its time, place or people changed: the SEQUENCE of its calendar entry.
    Column("revision", Integer, nullable=False, default=0),
    # The cancelled session in whose place it was put.
    Column("supersedes", Uuid),
    # How many events have told what became of it.
    Column("told", Integer, nullable=False, default=0, server_default="0"),
)
Index("ix_sessions_starts_at", sessions.c.starts_at)
Index(
    "uq_sessions_live_number",
    sessions.c.run_id,
    sessions.c.number,
    unique=True,
    sqlite_where=text(IS_LIVE),
    postgresql_where=text(IS_LIVE),
)

assignments = Table(
    "assignments",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), primary_key=True, index=True),
    Column("place", Integer, nullable=False),
    # regular, cover or observer.
    Column("role", String(10), nullable=False, default="regular"),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), nullable=False, index=True),
    # One of the two: whose time it takes, or which room's.
    Column("facilitator_id", ForeignKey("facilitators.id")),
    Column("room_id", ForeignKey("rooms.id")),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
)
"""Time that is taken: by the sessions of confirmed runs and of holds of the first rank.

The database itself refuses a second booking of the same person or room at the same time, by an exclusion constraint on
PostgreSQL and by triggers on SQLite (see the migration): no path of the code can get round it.
"""
Index("ix_bookings_facilitator_id_starts_at", bookings.c.facilitator_id, bookings.c.starts_at)
Index("ix_bookings_room_id_starts_at", bookings.c.room_id, bookings.c.starts_at)

skipped_dates = Table(
    "skipped_dates",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("why", Text, nullable=False),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    Column("rule", String(10), nullable=False),
    # Whole runs (H9, H12) have none.
    Column("session_id", ForeignKey("sessions.id")),
    Column("reason", String(500), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("at", Moment, nullable=False),
)
"""Rules that somebody, by name, has decided not to keep, and why."""

holds = Table(
    "holds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    Column("rank", Integer, nullable=False),
    # active, released, expired or converted.
    Column("state", String(10), nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("placed_by", String(100), nullable=False),
    # Its last day; while it waits, the last day of what it waits for.
    Column("expires_on", Date, nullable=False),
    # The last day of which a warning was given: each is warned of once.
    Column("warned_for", Date),
    Column("extended_at", Moment),
    # Why it was extended though somebody waits.
    Column("extended_for", String(30)),
    Column("ended_at", Moment),
    # How many events have told of it.
    Column("told", Integer, nullable=False, default=0),
)
Index("ix_holds_state", holds.c.state)
Index(
    "uq_holds_active_run",
    holds.c.run_id,
    unique=True,
    sqlite_where=text("state = 'active'"),
    postgresql_where=text("state = 'active'"),
)

offers = Table(
    "offers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False, index=True),
    # A list of ids of sessions; the role on them: regular or cover.
    Column("session_ids", JSON, nullable=False),
    Column("role", String(10), nullable=False),
    # Whom they stand in for, where it is somebody.
    Column("instead_of", ForeignKey("facilitators.id")),
    # open, accepted, declined, withdrawn or lapsed.
    Column("state", String(10), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("answer_by", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("told", Integer, nullable=False, default=0),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    # The changes of several runs that were applied as one share it.
    Column("group_id", Uuid, nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("asked", JSON, nullable=False),
    # The run as it was and as it became: what reversing puts back.
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("applied_at", Moment, nullable=False),
    Column("applied_by", String(100), nullable=False),
    Column("reversed_at", Moment),
    Column("reversed_by", String(100)),
)
"""Each change of a run that was applied, with what is needed to take it back."""
# Feeds ask when each run was changed last, without reading the changes themselves.
Index("ix_changes_run_id_applied_at", changes.c.run_id, changes.c.applied_at, changes.c.reversed_at)

feeds = Table(
    "feeds",
    metadata,
    Column("id", Uuid, primary_key=True),
    # facilitator, establishment or ops; whose, for the first two.
    Column("kind", String(14), nullable=False),
    Column("owner", String(36)),
    # Only a hash is kept: whoever reads the table cannot read the feed.
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("revoked_at", Moment),
)
"""Private addresses of calendar feeds."""
