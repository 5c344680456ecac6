"""Facilitators: what they are able to do, where they may go, and when they have time."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Time,
    UniqueConstraint,
    Uuid,
)

from services.scheduling.tables.base import metadata
from shared.persistence.types import Moment

facilitators = Table(
    "facilitators",
    metadata,
    Column("id", Uuid, primary_key=True),
    # As it stands on their identity document: gate memos need it.
    Column("name", String(120), nullable=False),
    Column("email", String(254), nullable=False, unique=True),
    Column("added_at", Moment, nullable=False),
    Column("state", String(12), nullable=False, default="active", server_default="active"),
    Column("insured_until", Date),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("travel_limit_minutes", Integer),
    Column("max_sessions_a_week", Integer, nullable=False, default=4, server_default="4"),
    Column("max_groups_a_day", Integer, nullable=False, default=2, server_default="2"),
    Column("vehicle", String(40)),
)

working_hours = Table(
    "working_hours",
    metadata,
    Column("facilitator_id", ForeignKey("facilitators.id"), primary_key=True),
    Column("weekday", Integer, primary_key=True),
    Column("start", Time, primary_key=True),
    Column("end", Time, nullable=False),
)
"""When someone works, by weekday (0 is Monday). Someone with no row at all works whenever there is a session."""

leave = Table(
    "leave",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
)
"""Dates on which someone is not to be asked. Why is nobody's business, so there is no column for it."""
Index("ix_leave_facilitator_id_last", leave.c.facilitator_id, leave.c.last)

accreditations = Table(
    "accreditations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False),
    # NADA, safeguarding, or the slug of a programme.
    Column("kind", String(60), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    UniqueConstraint("facilitator_id", "kind", "valid_from"),
)

clearances = Table(
    "clearances",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False),
    Column("establishment_id", ForeignKey("establishments.id"), nullable=False, index=True),
    Column("level", String(20), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    # applied, granted, suspended or refused: only a granted one lets anybody in.
    Column("state", String(10), nullable=False, default="granted", server_default="granted"),
    Column("ctc", Boolean, nullable=False, default=False, server_default="0"),
    # On the gate's list and photographed: a granted level alone does not open the gate.
    Column("site_access", Boolean, nullable=False, default=True, server_default="1"),
    Column("keys_until", Date),
    UniqueConstraint("facilitator_id", "establishment_id", "valid_from"),
)
"""Access of one facilitator to one establishment, as the decision letters have it. Level and dates only."""

escorts = Table(
    "escorts",
    metadata,
    Column("facilitator_id", ForeignKey("facilitators.id"), primary_key=True),
    Column("establishment_id", ForeignKey("establishments.id"), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("agreed_by", String(100), nullable=False),
)
"""Dates on which an establishment has agreed to escort someone all the way."""

expiry_notices = Table(
    "expiry_notices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("facilitator_id", ForeignKey("facilitators.id"), nullable=False),
    # clearance, keys, insurance or accreditation.
    Column("what", String(13), nullable=False),
    # The establishment's id or the kind of accreditation; nothing for insurance.
    Column("of", String(60), nullable=False),
    Column("valid_until", Date, nullable=False),
    # Which of the notices it was: so many days before.
    Column("days", Integer, nullable=False),
    Column("told_at", Moment, nullable=False),
    UniqueConstraint("facilitator_id", "what", "of", "valid_until", "days"),
)
"""What was told about something that ends: each notice once, whoever looks and however often."""
