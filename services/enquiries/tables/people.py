"""The organisations we work with, the posts in them, and the people who hold those posts."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, String, Table, Text, UniqueConstraint, Uuid, func, text

from services.enquiries.tables.base import metadata
from shared.persistence.types import Moment

organisations = Table(
    "organisations",
    metadata,
    Column("id", Uuid, primary_key=True),
    # establishment, commissioner, provider, partner_agency or funder
    Column("kind", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    # As `shared.establishment_names.bare_name` gives it.
    Column("bare_name", String(200), nullable=False, index=True),
    Column("nation", String(20)),
    # The establishment in scheduling's register, for those that are one.
    Column("establishment_id", String(10), unique=True),
    # The domain of its people's email addresses, where all of them share one that is its own.
    Column("email_domain", String(254), index=True),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(100), nullable=False),
)
# How a name that is nearly right is found among many: by the letters its words begin with.
Index("ix_organisations_opening", func.substr(organisations.c.bare_name, 1, 3))

posts = Table(
    "posts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False, index=True),
    Column("title", String(120), nullable=False),
    Column("bare_title", String(120), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("organisation_id", "bare_title"),
)
"""A role in an organisation, such as head of reducing reoffending: it stays when its holder goes."""

contacts = Table(
    "contacts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(120), nullable=False),
    # Empty for someone who is reached by phone or on paper alone.
    Column("email", String(254)),
    Column("phone", String(40), index=True),
    Column("organisation_id", ForeignKey("organisations.id"), index=True),
    # email, phone or post
    Column("preferred_channel", String(10), nullable=False, server_default="email"),
    # active, bounced, left or erased
    Column("status", String(10), nullable=False, server_default="active"),
    Column("status_since", Moment, nullable=False),
    Column("successor_id", ForeignKey("contacts.id")),
    # How we came to know them, such as the reference of an enquiry.
    Column("source", String(60), nullable=False),
    Column("created_at", Moment, nullable=False),
)
# One address, one contact: two posts from the same new person at the same moment make one.
Index("ix_contacts_email", func.lower(contacts.c.email), unique=True)

holdings = Table(
    "holdings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("post_id", ForeignKey("posts.id"), nullable=False, index=True),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
)
"""Who held which post from when until when."""
_HELD_NOW = text("until IS NULL")
Index(
    "ix_holdings_now",
    holdings.c.contact_id,
    holdings.c.post_id,
    unique=True,
    sqlite_where=_HELD_NOW,
    postgresql_where=_HELD_NOW,
)

contact_history = Table(
    "contact_history",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    # What it was before and is now; emptied when the person is erased.
    Column("was", Text),
    Column("now", Text),
)

data_requests = Table(
    "data_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    # export or erasure
    Column("kind", String(10), nullable=False),
    Column("person_hash", String(64), nullable=False, index=True),
    Column("received_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", String(10), nullable=False),
    Column("closed_at", Moment),
    Column("actor", String(100), nullable=False),
    # What was erased, what was kept and why: counts and reasons, nothing personal. JSON.
    Column("outcome", Text),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("person_hash", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("reason", String(200), nullable=False),
)
"""Keyed hashes of the addresses of erased people: no import brings them back. A new enquiry of theirs is welcome."""
