"""Which addresses are not written to, and why. They are known by their keyed hash alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.notifications.domain.suppressing import address_hashes
from services.notifications.tables import messages, suppressions
from shared.errors import Refused
from shared.persistence.bulk import is_any_of
from shared.persistence.types import AnyRow

_BEGINNING_OF_A_HASH = re.compile("[0-9a-f]{8,64}")
SHOWN = 16
"""Characters of a hash that name a suppression to people: among a million, two alike are not to be expected."""


def suppressed_because(connection: Connection, address: str, keys: Sequence[str]) -> str | None:
    """Say why nothing is sent to an address, or give None where it may be written to.

    `keys` are the settings' secret keys: one that was held back under the older of two still is.
    """
    return next(iter(suppressed_among(connection, address_hashes(keys, address)).values()), None)


def suppressed_among(connection: Connection, hashes: Collection[str]) -> dict[str, str]:
    """Give those of several hashes of addresses to which nothing is sent, and why."""
    held = is_any_of(connection, suppressions.c.address_hash, hashes) & suppressions.c.lifted_at.is_(None)
    rows = connection.execute(select(suppressions.c.address_hash, suppressions.c.why).where(held))
    return {row.address_hash: row.why for row in rows}


def list_suppressions(connection: Connection, *, limit: int, lifted: bool) -> list[dict[str, Any]]:
    """List what is held back, the newest first; with `lifted`, what was let go of again as well."""
    query = _told().order_by(suppressions.c.since.desc(), suppressions.c.address_hash).limit(limit)
    if not lifted:
        query = query.where(suppressions.c.lifted_at.is_(None))
    return [plain(row) for row in connection.execute(query)]


def suppressions_of(connection: Connection, recipients: Sequence[str]) -> list[dict[str, Any]]:
    """List what came of messages to some recipients, the newest first, with what was let go of again."""
    query = _told().where(messages.c.recipient.in_(recipients)).order_by(suppressions.c.since.desc())
    return [plain(row) for row in connection.execute(query)]


def the_one_named(connection: Connection, which: str) -> AnyRow:
    """Give the suppression that came of a message (its id), or whose hash begins so (8 characters or more).

    Raises `Refused`: "invalid", "not_found", or "conflict" where it fits several.
    """
    found = connection.execute(_told().where(_named(which)).order_by(suppressions.c.since.desc()).limit(2)).all()
    if not found:
        raise Refused("not_found", f"No suppression is known as {which}. `keytalk suppressions list` shows them.")
    if len(found) > 1:
        raise Refused("conflict", f"More than one suppression is known as {which}. Give more of its id.")
    return found[0]


def plain(row: AnyRow) -> dict[str, Any]:
    """Give a suppression as plain data: `recipient` and `about` are ids of the message it came of."""
    return {
        "id": row.address_hash[:SHOWN],
        "since": row.since.isoformat(),
        "why": row.why,
        "message": str(row.message) if row.message else None,
        "recipient": row.recipient,
        "about": row.subject_ref,
        "lifted_at": row.lifted_at.isoformat() if row.lifted_at else None,
        "lifted_by": row.lifted_by,
        "lifted_because": row.lifted_because,
    }


def _told() -> Any:
    came_of = messages.c.id == suppressions.c.message
    return select(suppressions, messages.c.recipient, messages.c.subject_ref).outerjoin(messages, came_of)


def _named(which: str) -> Any:
    text = which.strip().lower() if isinstance(which, str) else ""
    if _BEGINNING_OF_A_HASH.fullmatch(text):
        return suppressions.c.address_hash.startswith(text)
    try:
        return suppressions.c.message == UUID(text)
    except ValueError:
        why = "Give the id of a suppression (8 characters of it or more), or that of the message that came back."
        raise Refused("invalid", why, {"suppression": [why]}) from None
