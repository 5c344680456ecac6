"""The tables of the enquiries service, and how an enquiry lies in them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text, Uuid

from shared.messaging.tables import messaging_tables
from shared.persistence.types import Moment, new_metadata

metadata = new_metadata()
messaging = messaging_tables(metadata)

enquiries = Table(
    "enquiries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", String(20), nullable=False, unique=True),
    Column("stage", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("programme", String(60), nullable=False),
    Column("establishment", String(200), nullable=False),
    Column("establishment_id", String(10)),
    Column("contact_name", String(120), nullable=False),
    Column("contact_role", String(120)),
    Column("contact_email", String(254), nullable=False),
    Column("contact_phone", String(40)),
    Column("organisation", String(200)),
    Column("group_size", Integer),
    Column("preferred_start", Date),
    Column("preferred_times", Text),
    Column("message", Text),
    Column("received_at", Moment, nullable=False),
    Column("acknowledged_at", Moment),
    # The same key with the same answers is the same enquiry; the digest tells whether the answers are the same.
    Column("idempotency_key", String(200), unique=True),
    Column("answers_digest", String(64)),
)
Index("ix_enquiries_received_at", enquiries.c.received_at)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", ForeignKey("enquiries.reference"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("was", String(20), nullable=False),
    Column("now", String(20), nullable=False),
    Column("reason", Text),
)
"""Who moved an enquiry, when and why. Rows are added, never changed."""

establishments = Table(
    "establishments",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(200), nullable=False),
    # As `shared.establishment_names` gives it: how an enquirer's words find the establishment.
    Column("bare_name", String(200), nullable=False, index=True),
    Column("town", String(100)),
    Column("nation", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
"""What scheduling has told about establishments: a projection, never edited here."""
