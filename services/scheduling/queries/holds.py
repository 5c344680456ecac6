"""Reading holds: their rank, their last day, what they wait for and who waits behind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from services.scheduling.domain.holds import Hold
from services.scheduling.records import load_establishment, load_run
from services.scheduling.records.holds import hold_of_run, holds_of_runs, load_clashes, runs_with_rivals
from services.scheduling.tables import establishments, holds, runs, sessions
from shared.errors import Refused


def find_hold(connection: Connection, named: UUID) -> UUID:
    """Give the id of a hold named by it, or by its run for the one it has now. Raises `Refused("not_found")`."""
    if connection.scalar(select(holds.c.id).where(holds.c.id == named)) is not None:
        return named
    found = hold_of_run(connection, named)
    if found is None:
        raise Refused("not_found", f"There is no hold {named}, and no run with one. `keytalk holds list` shows them.")
    return found.id


def get_hold(connection: Connection, hold_id: UUID) -> dict[str, Any]:
    """Give one hold as the list shows it."""
    [row] = connection.execute(_QUERY.where(holds.c.id == hold_id))
    return _shown(connection, row, runs_with_rivals(connection))


def list_holds(connection: Connection, *, state: str, limit: int) -> list[dict[str, Any]]:
    """List holds: those that end next first, those in line after what they wait for; "all" has those that ended too."""
    query = _QUERY if state == "all" else _QUERY.where(holds.c.state == state)
    order = (holds.c.state != "active", holds.c.expires_on, holds.c.rank, holds.c.placed_at, holds.c.id)
    rows, contested = connection.execute(query.order_by(*order).limit(limit)).all(), runs_with_rivals(connection)
    return [_shown(connection, row, contested) for row in rows]


def hold_of(connection: Connection, run_id: UUID) -> dict[str, Any] | None:
    """Give the rank and the last day of the hold that a run has, or None."""
    hold = hold_of_run(connection, run_id)
    return None if hold is None else {"hold": str(hold.id), "rank": hold.rank, "expires_on": _last_day(hold)}


_SPAN = (
    select(sessions.c.run_id, func.min(sessions.c.date).label("first"), func.max(sessions.c.date).label("last"))
    .where(sessions.c.state.not_in(("cancelled", "superseded")))
    .group_by(sessions.c.run_id)
    .subquery()
)
_QUERY = (
    select(holds, runs.c.enquiry, runs.c.programme, establishments.c.id.label("place_id"))
    .add_columns(establishments.c.name.label("place"), _SPAN.c.first, _SPAN.c.last)
    .join_from(holds, runs, runs.c.id == holds.c.run_id)
    .join(establishments, establishments.c.id == runs.c.establishment_id)
    .outerjoin(_SPAN, _SPAN.c.run_id == runs.c.id)
)
_OWN = tuple(column.name for column in holds.c)


def _shown(connection: Connection, row: Row[Any], contested: Collection[UUID]) -> dict[str, Any]:
    hold = Hold(**{name: row._mapping[name] for name in _OWN})
    others = _others_in_line(connection, hold, contested)
    return {
        "hold": str(hold.id),
        "run": str(hold.run_id),
        "enquiry": row.enquiry,
        "establishment": {"id": row.place_id, "name": row.place},
        "programme": row.programme,
        "state": hold.state,
        "rank": hold.rank,
        "first_session": row.first.isoformat() if row.first else None,
        "last_session": row.last.isoformat() if row.last else None,
        "placed_at": hold.placed_at.isoformat(),
        "placed_by": hold.placed_by,
        "expires_on": _last_day(hold),
        "extended": hold.extended_at is not None,
        "extended_for": hold.extended_for,
        "ended_at": hold.ended_at.isoformat() if hold.ended_at else None,
        "waits_for": [_named(connection, each) for each in others if each.rank < hold.rank],
        "waiting_behind": [_named(connection, each) for each in others if each.rank > hold.rank],
    }


def _others_in_line(connection: Connection, hold: Hold, contested: Collection[UUID]) -> list[Hold]:
    """Give the other holds that want some of the same time, by rank; `contested` are the runs that may have any."""
    if hold.state != "active" or (hold.has_the_time and hold.run_id not in contested):
        return []
    clashes = load_clashes(connection, load_run(connection, hold.run_id))
    others = holds_of_runs(connection, {each.run_id for each in clashes if each.run_id is not None})
    return sorted(others.values(), key=lambda each: (each.rank, each.placed_at, each.id))


def _named(connection: Connection, hold: Hold) -> dict[str, Any]:
    place = load_establishment(connection, load_run(connection, hold.run_id).establishment_id)
    return {
        "hold": str(hold.id),
        "run": str(hold.run_id),
        "establishment": {"id": place.id, "name": place.name},
        "rank": hold.rank,
        "expires_on": _last_day(hold),
    }


def _last_day(hold: Hold) -> str | None:
    """Give the last day of a hold; one that waits in line has none yet."""
    return None if hold.waits else hold.expires_on.isoformat()
