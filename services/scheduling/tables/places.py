"""Establishments: what they ask for, when they are open, their rooms, and how far it is from one to another."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
)

from services.scheduling.tables.base import metadata
from shared.persistence.types import Moment

establishments = Table(
    "establishments",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("town", String(100), nullable=False),
    Column("nation", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("required_level", String(20), nullable=False),
    # Of the entry that other services keep a copy of.
    Column("version", Integer, nullable=False),
    # Welsh and former names, a line each.
    Column("other_names", Text),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("ctc_required", Boolean, nullable=False, default=False, server_default="0"),
    # A place for people under 18 takes no programme until somebody has approved that (rule H15).
    Column("under_18", Boolean, nullable=False, default=False, server_default="0"),
    Column("under_18_approved_by", String(100)),
    Column("under_18_approved_at", Moment),
    # Why that could be: one of a list, see `domain/establishments.py`.
    Column("under_18_reason", String(30)),
    # The columns that an operator has set, a line each: a register does not change those.
    Column("set_by_hand", Text),
    # Lead times in working days, gate times in minutes.
    Column("memo_lead_days", Integer, nullable=False, default=10, server_default="10"),
    Column("kit_lead_days", Integer, nullable=False, default=15, server_default="15"),
    Column("report_minutes", Integer, nullable=False, default=60, server_default="60"),
    Column("exit_minutes", Integer, nullable=False, default=30, server_default="30"),
)

regime_windows = Table(
    "regime_windows",
    metadata,
    Column("establishment_id", ForeignKey("establishments.id"), primary_key=True),
    Column("weekday", Integer, primary_key=True),
    Column("name", String(4), primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_until", Date),
    Column("start", Time),
    Column("end", Time),
)
"""When an establishment takes sessions, by weekday (0 is Monday): morning, afternoon, evening duties.

All rows of a weekday with one `valid_from` are its timetable from that date on, to `valid_until` where there is one; of
those that hold on a date, the one that began last counts. A weekday with no session at all has one row named "none",
without times.
"""

blackouts = Table(
    "blackouts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("establishment_id", ForeignKey("establishments.id"), nullable=False, index=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("why", String(200), nullable=False),
    Column("yearly", Boolean, nullable=False),
    # One of the reasons for which a session is cancelled, where the closure came of one.
    Column("reason", String(30)),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("establishment_id", ForeignKey("establishments.id"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    UniqueConstraint("establishment_id", "name"),
)

travel_times = Table(
    "travel_times",
    metadata,
    # Ids of establishments or of facilitators (their base), the lesser first: the way back takes as long.
    Column("here", String(36), primary_key=True),
    Column("there", String(36), primary_key=True),
    Column("minutes", Integer, nullable=False),
)
"""What is known better than by the rule of thumb: see `domain/travel.py`."""
