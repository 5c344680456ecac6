"""Personal tokens: what an operator's command line shows in place of a password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from ops.accounts.operators import Operator, operator_of
from ops.accounts.secrets import hashed, new_key
from ops.tables import operators, tokens
from shared.errors import Refused
from shared.persistence.work import new_id

PREFIX = "keytalk_"
"""Tells a token from other secrets, to people and to scanners that look for secrets in files."""
DAYS, MOST_DAYS = 90, 366
"""How long a token holds unless said otherwise, and at most."""
USED_EVERY = timedelta(minutes=10)
"""How exactly it is kept when a token was last used."""


def make_token(connection: Connection, operator: Operator, label: str, days: int, now: datetime) -> dict[str, Any]:
    """Make a token that holds for so many days; give it with its id: it is shown this once. Raises `Refused`."""
    label = " ".join(label.split())
    if not 0 < len(label) <= 60 or not label.isprintable():
        raise Refused("invalid", "Say what the token is for, in at most 60 characters.", {"label": ["Say what for."]})
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        words = f"Give a number of days from 1 to {MOST_DAYS}."
        raise Refused("invalid", words, {"days": [words]})
    token, token_id, until = new_key(PREFIX), new_id(), now + timedelta(days=days)
    row = {"id": token_id, "operator_id": operator.id, "label": label, "key_hash": hashed(token)}
    connection.execute(insert(tokens), row | {"created_at": now, "expires_at": until})
    return {"id": str(token_id), "token": token, "label": label, "expires_at": until.isoformat()}


def whose_token(connection: Connection, token: str, now: datetime) -> tuple[Operator, UUID, datetime | None] | None:
    """Give whose token it is, its id and when it was last noted as used, or None where it does not hold (any more)."""
    holds = (tokens.c.expires_at > now) & tokens.c.revoked_at.is_(None)
    joined = select(operators, tokens.c.id.label("token_id"), tokens.c.last_used_at).join(
        tokens, tokens.c.operator_id == operators.c.id
    )
    row = connection.execute(
        joined.where(tokens.c.key_hash == hashed(token), holds, operators.c.disabled_at.is_(None))
    ).first()
    return None if row is None else (operator_of(row), row.token_id, row.last_used_at)


def note_use(connection: Connection, token_id: UUID, now: datetime) -> None:
    """Note that a token is used."""
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=now))


def list_tokens(connection: Connection, operator: Operator) -> list[dict[str, Any]]:
    """List an operator's tokens without their keys, the newest first."""
    mine = select(tokens).where(tokens.c.operator_id == operator.id).order_by(tokens.c.created_at.desc())
    shown = ("created_at", "expires_at", "last_used_at", "revoked_at")
    return [
        {"id": str(row.id), "label": row.label} | {name: _iso(row._mapping[name]) for name in shown}
        for row in connection.execute(mine)
    ]


def find_token(connection: Connection, operator: Operator, named: str) -> UUID | None:
    """Give the id of one of an operator's tokens that is named by its id, or by itself; None where there is none."""
    query = select(tokens.c.id).where(tokens.c.operator_id == operator.id)
    if named.startswith(PREFIX):
        return connection.scalar(query.where(tokens.c.key_hash == hashed(named)))
    try:
        return connection.scalar(query.where(tokens.c.id == UUID(named)))
    except ValueError:
        return None


def revoke_token(connection: Connection, operator: Operator, named: str, now: datetime) -> dict[str, Any]:
    """End one of an operator's tokens, named by its id or by itself. Raises `Refused("not_found")`."""
    wanted = find_token(connection, operator, named)
    live = (tokens.c.id == wanted) & tokens.c.revoked_at.is_(None)
    if wanted is None or not connection.execute(update(tokens).where(live).values(revoked_at=now)).rowcount:
        raise Refused("not_found", "You have no such token that still holds.", {"token": ["See the list of tokens."]})
    return {"id": str(wanted), "revoked_at": now.isoformat()}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
