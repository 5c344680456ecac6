"""What ops owns: operators, how they are let in, and the record of what they did. Never changed by another service."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, Uuid

from shared.persistence.types import Moment, new_metadata

metadata = new_metadata()

operators = Table(
    "operators",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The handle under which the services know who acted: short, in small letters, never given to another.
    Column("name", String(40), nullable=False, unique=True),
    Column("full_name", String(100), nullable=False),
    # In small letters.
    Column("email", String(254), nullable=False, unique=True),
    # JSON: a list of `ops.gateway.roles.Role`
    Column("roles", Text, nullable=False),
    # Whose own things a facilitator or a commissioner sees: the id of the facilitator, or of the organisation.
    Column("stands_for", String(40)),
    # An argon2 hash; none until a first password is chosen.
    Column("password_hash", String(200)),
    # Sealed: see `ops.accounts.sealing`.
    Column("totp_secret", String(300)),
    # The last step of 30 seconds whose code was taken: none is taken twice.
    Column("totp_step", Integer),
    Column("disabled_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment),
)

tries = Table(
    "tries",
    metadata,
    # A keyed hash of the limit and of who is counted.
    Column("key_hash", String(64), primary_key=True),
    # The second at which the window began, with what was counted in it and in the one before.
    Column("start", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("before", Integer, nullable=False),
    Index("ix_tries_start", "start"),
)
"""Tries to sign in, counted for all replicas together: see `ops.accounts.tries`."""

invitations = Table(
    "invitations",
    metadata,
    # The SHA-256 of the key in the link.
    Column("key_hash", String(64), primary_key=True),
    Column("operator_id", Uuid, ForeignKey("operators.id"), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)
"""Links by which an operator chooses a password: once, and within a time."""

sessions = Table(
    "sessions",
    metadata,
    # The SHA-256 of the key in the cookie.
    Column("key_hash", String(64), primary_key=True),
    Column("operator_id", Uuid, ForeignKey("operators.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator_id", Uuid, ForeignKey("operators.id"), nullable=False, index=True),
    Column("label", String(60), nullable=False),
    # The SHA-256 of the token; the token itself is shown once.
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", Moment, nullable=False),
    # The operator's handle at that time.
    Column("actor", String(40), nullable=False),
    # "SERVICE.METHOD", or "ops.WHAT" for what concerns accounts
    Column("operation", String(100), nullable=False),
    # What it was done to, where the arguments name it by a reference or an id.
    Column("subject", String(100)),
    Column("reason", Text),
    Column("correlation_id", String(100), nullable=False),
    # True for a change, False for a read of personal data.
    Column("changes", Boolean, nullable=False),
    Index("ix_audit_at", "at", "id"),
    Index("ix_audit_actor", "actor", "at"),
    Index("ix_audit_subject", "subject", "at"),
)
"""Who asked for what, written before it is done: append-only. What came of it has the same correlation id in the
service's history and log."""
