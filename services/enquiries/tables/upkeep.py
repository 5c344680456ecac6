"""The daily balance of the intake, and the canaries that test it."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, String, Table, Text, Uuid

from services.enquiries.tables.base import metadata
from shared.persistence.types import Moment

ledger_days = Table(
    "ledger_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("received", Integer, nullable=False),
    Column("filed", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("merged", Integer, nullable=False),
    # JSON: what is not accounted for, as a list of {"reference", "why"}
    Column("unaccounted", Text, nullable=False),
    Column("at", Moment, nullable=False),
    # Since when it had been quiet for unusually long by the end of the day, so that it is said once.
    Column("quiet_since", Moment),
)

canaries = Table(
    "canaries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sent_at", Moment, nullable=False),
    Column("arrived_at", Moment),
    # sent, arrived, refused or lost
    Column("state", String(10), nullable=False),
    Column("why", String(200)),
    Column("reference", String(20)),
)
"""Enquiries that we send ourselves through the public address, to see that the way in is open."""
