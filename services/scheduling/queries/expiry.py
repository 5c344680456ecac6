"""What ends soon: what is said of it, and which notices of it fall in the days to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.domain.expiry import (
    Notice,
    day_looked_at,
    endings,
    looked_at,
    next_look,
    notices_ahead,
)
from services.scheduling.queries.people import TO_COME
from services.scheduling.records.people import load_held
from services.scheduling.tables import assignments, establishments, expiry_notices, programmes, runs, sessions
from shared.clock import day_in_london
from shared.contracts.base import contract_of
from shared.contracts.scheduling import ExpiryNear


def preview_expiries(
    connection: Connection, now: dt.datetime, days: int, limit: int, new_id: Callable[[], UUID]
) -> dict[str, Any]:
    """Give the notices of the next so many days by what is held now, the first due first, and count them all.

    Each has the moment it is `due_at`, and the `event` that would tell of it: the daily look by the same rule publishes
    it then. What was told already is not among them.
    """
    first = day_in_london(next_look(now))
    last = day_looked_at(now + dt.timedelta(days=days))
    told = _told(connection)
    found = [
        (day, notice)
        for ending in endings(load_held(connection))
        for day, notice in notices_ahead(ending, first, last)
        if _key(notice) not in told
    ]
    found.sort(key=lambda each: (each[0], *map(str, _key(each[1]))))
    return {
        "count": len(found),
        "notices": [
            {
                "due_at": looked_at(day).isoformat(),
                "event": contract_of(ExpiryNear).dump(news_of(connection, notice, new_id(), day)),
            }
            for day, notice in found[:limit]
        ],
    }


def _told(connection: Connection) -> set[tuple[Any, ...]]:
    table = expiry_notices.c
    rows = connection.execute(select(table.facilitator_id, table.what, table.of, table.valid_until, table.days))
    return {tuple(row) for row in rows}


def _key(notice: Notice) -> tuple[Any, ...]:
    """Give what a notice is told once by."""
    ending = notice.ending
    return ending.facilitator_id, ending.what, ending.of, ending.valid_until, notice.days


def news_of(connection: Connection, notice: Notice, notice_id: UUID, on: dt.date) -> ExpiryNear:
    """Give what is published of a notice on a day."""
    ending = notice.ending
    place = ending.of if ending.what in {"clearance", "keys"} else None
    return ExpiryNear(
        notice_id=notice_id,
        facilitator_id=ending.facilitator_id,
        what=ending.what,
        establishment_id=place,
        establishment_name=_name_of(connection, place),
        valid_until=ending.valid_until,
        days_left=(ending.valid_until - on).days,
        sessions_after=_sessions_after(connection, notice),
        accreditation=ending.of if ending.what == "accreditation" else None,
    )


def _name_of(connection: Connection, establishment_id: str | None) -> str | None:
    if establishment_id is None:
        return None
    return connection.scalar(select(establishments.c.name).where(establishments.c.id == establishment_id))


def _sessions_after(connection: Connection, notice: Notice) -> int:
    """Count their sessions on later days that need what ends: at that place, of programmes that ask for it, or any."""
    ending = notice.ending
    query = (
        select(runs.c.programme, runs.c.programme_version, func.count())
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .where(assignments.c.facilitator_id == ending.facilitator_id)
        .where(sessions.c.state == "planned", sessions.c.date > ending.valid_until, runs.c.state.in_(TO_COME))
        .group_by(runs.c.programme, runs.c.programme_version)
    )
    if ending.what in {"clearance", "keys"}:
        query = query.where(runs.c.establishment_id == ending.of, runs.c.mode == "in_person")
    counts: dict[tuple[str, int], int] = {(row[0], row[1]): row[2] for row in connection.execute(query)}
    if ending.what == "accreditation":
        asking = _asking_for(connection, ending.of)
        counts = {programme: count for programme, count in counts.items() if programme in asking}
    return sum(counts.values())


def _asking_for(connection: Connection, kind: str) -> set[tuple[Any, Any]]:
    """Give the programmes, by slug and version, whose sessions need an accreditation."""
    table = programmes.c
    rows = connection.execute(select(table.slug, table.version, table.accreditations, table.one_needs))
    return {(row.slug, row.version) for row in rows if kind in {row.slug, *row.accreditations, *row.one_needs}}
