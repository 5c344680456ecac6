"""How people wish to be written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from services.notifications.domain.preferences import DEFAULT, Preferences, Way
from services.notifications.tables import preferences
from shared.persistence.bulk import is_any_of
from shared.persistence.types import AnyRow

Names = tuple[str | None, ...]
"""By what names somebody may have chosen how they are written to: who they are, and how a message names them."""


def preferences_of(connection: Connection, person: str | None, recipient: str | None = None) -> Preferences:
    """Give what somebody prefers: what they said last, or what counts for whoever has not said anything.

    `recipient` is how a message names them. It matters for an enquirer, who may have chosen by the link in the very
    first mail, before it was known which contact they are.
    """
    [theirs] = preferences_of_each(connection, [(person, recipient)])
    return theirs


def preferences_of_each(connection: Connection, readers: Sequence[Names]) -> list[Preferences]:
    """Give what each of several people prefers, as `preferences_of` does, in the order in which they are named."""
    return [DEFAULT if row is None else _preferences(row) for row in _newest(connection, readers)]


def get_preferences(connection: Connection, person: str) -> dict[str, Any]:
    """Give what somebody prefers as plain data, with who changed it last, when and why."""
    [row] = _newest(connection, [(person,)])
    return plain(person, DEFAULT) if row is None else _told(row)


def list_preferences(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """List those who have said how they wish to be written to, the last change first."""
    query = select(preferences).order_by(preferences.c.changed_at.desc(), preferences.c.person).limit(limit)
    return [_told(row) for row in connection.execute(query)]


def plain(person: str, chosen: Preferences) -> dict[str, Any]:
    """Give preferences as plain data, of whom nothing was changed yet."""
    return {
        "person": person,
        "channel": chosen.channel.value,
        "digest": chosen.digest,
        "non_critical": chosen.non_critical,
        "quiet": chosen.quiet,
        "quiet_from": chosen.quiet_from.isoformat("minutes"),
        "quiet_until": chosen.quiet_until.isoformat("minutes"),
        "changed_at": None,
        "changed_by": None,
        "reason": None,
    }


def _newest(connection: Connection, readers: Sequence[Names]) -> list[AnyRow | None]:
    """Give what each said last, and None for whoever has not said anything."""
    names = {name for each in readers for name in each if name is not None}
    query = select(preferences).where(is_any_of(connection, preferences.c.person, names))
    said = {row.person: row for row in connection.execute(query)} if names else {}
    return [max((said[name] for name in each if name in said), key=_when_said, default=None) for each in readers]


def _when_said(row: AnyRow) -> datetime:
    said_at: datetime = row.changed_at
    return said_at


def _preferences(row: AnyRow) -> Preferences:
    return Preferences(
        channel=Way(row.channel),
        digest=row.digest,
        non_critical=row.non_critical,
        quiet=row.quiet,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
    )


def _told(row: AnyRow) -> dict[str, Any]:
    changed = {"changed_at": row.changed_at.isoformat(), "changed_by": row.changed_by, "reason": row.reason}
    return plain(row.person, _preferences(row)) | changed
