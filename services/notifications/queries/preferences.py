"""How people wish to be written to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from services.notifications.domain.preferences import DEFAULT, Preferences, Way
from services.notifications.tables import preferences
from shared.persistence.types import AnyRow

# Asked for every mail, so it is put together once.
_newest_of = (
    select(preferences)
    .where(preferences.c.person.in_(bindparam("names", expanding=True)))
    .order_by(preferences.c.changed_at.desc())
    .limit(1)
)


def preferences_of(connection: Connection, person: str | None, recipient: str | None = None) -> Preferences:
    """Give what somebody prefers: what they said last, or what counts for whoever has not said anything.

    `recipient` is how a message names them. It matters for an enquirer, who may have chosen by the link in the very
    first mail, before it was known which contact they are.
    """
    row = _newest(connection, person, recipient)
    return DEFAULT if row is None else _preferences(row)


def get_preferences(connection: Connection, person: str) -> dict[str, Any]:
    """Give what somebody prefers as plain data, with who changed it last, when and why."""
    row = _newest(connection, person)
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


def _newest(connection: Connection, *names: str | None) -> AnyRow | None:
    known = [name for name in names if name is not None]
    return connection.execute(_newest_of, {"names": known}).first() if known else None


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
