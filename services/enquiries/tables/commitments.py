"""What was offered and agreed: proposals, agreements, who signed, and what has been drawn from them."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, Uuid, text

from services.enquiries.tables.base import metadata
from shared.persistence.types import Moment

proposals = Table(
    "proposals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", ForeignKey("enquiries.reference"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    # draft, sent, accepted, declined, expired, superseded or withdrawn
    Column("state", String(12), nullable=False),
    # JSON: a list of {"what", "quantity", "unit", "unit_pence", "pence"}
    Column("lines", Text, nullable=False),
    Column("total_pence", Integer, nullable=False),
    Column("cancellation_terms", Text, nullable=False),
    Column("notes", Text),
    Column("valid_until", Date, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("sent_at", Moment),
    Column("settled_at", Moment),
    UniqueConstraint("reference", "version"),
)
# Those that wait for an answer, by the last day on which it can come.
_WAITING = text("state = 'sent'")
Index("ix_proposals_waiting", proposals.c.valid_until, sqlite_where=_WAITING, postgresql_where=_WAITING)

agreements = Table(
    "agreements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("proposal_id", ForeignKey("proposals.id"), nullable=False, unique=True),
    Column("reference", ForeignKey("enquiries.reference"), nullable=False, index=True),
    # awaiting_signature, signed, amended or ended
    Column("state", String(20), nullable=False),
    Column("purchase_order", String(60)),
    Column("cancellation_terms", Text, nullable=False),
    # What was agreed to be taken up: places in a training, or sessions of a programme.
    Column("unit", String(12), nullable=False),
    Column("agreed_units", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("signed_at", Moment),
    Column("ended_at", Moment),
)

signatures = Table(
    "signatures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", ForeignKey("agreements.id"), nullable=False, index=True),
    # prison or us
    Column("side", String(10), nullable=False),
    Column("name", String(120), nullable=False),
    Column("role", String(120)),
    Column("signed_at", Moment, nullable=False),
    # link, paper or console
    Column("how", String(10), nullable=False),
    # Each side signs once.
    UniqueConstraint("agreement_id", "side"),
)
"""Kept when a person is erased, for six years and the current one: an agreement needs its signatures."""

drawdowns = Table(
    "drawdowns",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", ForeignKey("agreements.id"), nullable=False, index=True),
    Column("units", Integer, nullable=False),
    Column("about", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
)
"""Places or sessions taken up of those agreed; a negative number gives some back."""
