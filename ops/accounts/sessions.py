"""Sessions of the console: made at sign-in, and ended by signing out, by time, or by a new password."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, or_, select, update

from ops.accounts.operators import Operator, operator_of
from ops.accounts.secrets import hashed, new_key
from ops.tables import operators, sessions

IDLE = timedelta(hours=2)
"""Without a request for so long, a session ends: longer than the longest call from a prison, and than lunch."""
LONGEST = timedelta(hours=12)
"""A session ends after this, used or not: one working day."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a session was last used: not each request is a write."""


def begin_session(connection: Connection, operator: Operator, now: datetime) -> str:
    """Begin a session and give its key; what has run out is removed."""
    over = or_(sessions.c.expires_at < now, sessions.c.last_seen_at < now - IDLE)
    connection.execute(delete(sessions).where(over))
    key = new_key()
    row = {"key_hash": hashed(key), "operator_id": operator.id, "created_at": now, "last_seen_at": now}
    connection.execute(insert(sessions), row | {"expires_at": now + LONGEST})
    connection.execute(update(operators).where(operators.c.id == operator.id).values(last_seen_at=now))
    return key


def end_session(connection: Connection, key: str) -> None:
    """End one session."""
    connection.execute(delete(sessions).where(sessions.c.key_hash == hashed(key)))


def end_other_sessions(connection: Connection, operator: Operator, key: str) -> None:
    """End all sessions of an operator but the one with this key."""
    others = (sessions.c.operator_id == operator.id) & (sessions.c.key_hash != hashed(key))
    connection.execute(delete(sessions).where(others))


def whose_session(connection: Connection, key: str, now: datetime) -> tuple[Operator, datetime] | None:
    """Give whose session it is and when it was last noted as used, or None where it is over."""
    lives = (sessions.c.expires_at > now) & (sessions.c.last_seen_at > now - IDLE)
    joined = select(operators, sessions.c.last_seen_at.label("used_at")).join(
        sessions, sessions.c.operator_id == operators.c.id
    )
    row = connection.execute(
        joined.where(sessions.c.key_hash == hashed(key), lives, operators.c.disabled_at.is_(None))
    ).first()
    return None if row is None else (operator_of(row), row.used_at)


def note_use(connection: Connection, key: str, now: datetime) -> None:
    """Note that a session is used."""
    connection.execute(update(sessions).where(sessions.c.key_hash == hashed(key)).values(last_seen_at=now))
