"""What ends soon: what is said of it, and which notices of it fall in the days to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.expiry import (
    Ending,
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
from shared.persistence.bulk import is_any_of


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
    news = news_of(connection, [Told(notice, new_id(), day) for day, notice in found[:limit]])
    return {
        "count": len(found),
        "notices": [
            {"due_at": looked_at(day).isoformat(), "event": contract_of(ExpiryNear).dump(event)}
            for (day, _notice), event in zip(found, news, strict=False)
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


class Told(NamedTuple):
    """A notice, its id, and the day on which it is told."""

    notice: Notice
    id: UUID
    on: dt.date


class _Ahead(NamedTuple):
    """A session to come of somebody."""

    date: dt.date
    establishment_id: str
    mode: str
    programme: tuple[str, int]


def news_of(connection: Connection, told: Sequence[Told]) -> list[ExpiryNear]:
    """Give what is published of notices, all of them read together."""
    if not told:
        return []
    names = dict(connection.execute(select(establishments.c.id, establishments.c.name)).tuples().all())
    ahead = _sessions_ahead(connection, [each.notice.ending for each in told])
    kinds = {each.notice.ending.of for each in told if each.notice.ending.what == "accreditation"}
    asking = {kind: _asking_for(connection, kind) for kind in kinds}
    return [_news(each, names, ahead.get(each.notice.ending.facilitator_id, ()), asking) for each in told]


def _news(
    told: Told,
    names: Mapping[str, str],
    ahead: Iterable[_Ahead],
    asking: Mapping[str, set[tuple[Any, Any]]],
) -> ExpiryNear:
    ending = told.notice.ending
    place = ending.of if ending.what in {"clearance", "keys"} else None
    return ExpiryNear(
        notice_id=told.id,
        facilitator_id=ending.facilitator_id,
        what=ending.what,
        establishment_id=place,
        establishment_name=names.get(place) if place else None,
        valid_until=ending.valid_until,
        days_left=(ending.valid_until - told.on).days,
        sessions_after=sum(_needs(each, ending, asking) for each in ahead),
        accreditation=ending.of if ending.what == "accreditation" else None,
    )


def _needs(session: _Ahead, ending: Ending, asking: Mapping[str, set[tuple[Any, Any]]]) -> bool:
    """Say whether a session is on a later day and needs what ends: there, by its programme, or in any case."""
    if session.date <= ending.valid_until:
        return False
    if ending.what in {"clearance", "keys"}:
        return session.establishment_id == ending.of and session.mode == "in_person"
    return ending.what != "accreditation" or session.programme in asking[ending.of]


def _sessions_ahead(connection: Connection, of: Sequence[Ending]) -> dict[UUID, list[_Ahead]]:
    """Give the planned sessions of each person after the first of these ends."""
    query = (
        select(
            assignments.c.facilitator_id,
            sessions.c.date,
            runs.c.establishment_id,
            runs.c.mode,
            runs.c.programme,
            runs.c.programme_version,
        )
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .where(is_any_of(connection, assignments.c.facilitator_id, list({each.facilitator_id for each in of})))
        .where(sessions.c.date > min(each.valid_until for each in of))
        .where(sessions.c.state == "planned", runs.c.state.in_(TO_COME))
    )
    found: dict[UUID, list[_Ahead]] = {}
    for person, date, place, mode, slug, version in connection.execute(query):
        found.setdefault(person, []).append(_Ahead(date, place, mode, (slug, version)))
    return found


def _asking_for(connection: Connection, kind: str) -> set[tuple[Any, Any]]:
    """Give the programmes, by slug and version, whose sessions need an accreditation."""
    table = programmes.c
    rows = connection.execute(select(table.slug, table.version, table.accreditations, table.one_needs))
    return {(row.slug, row.version) for row in rows if kind in {row.slug, *row.accreditations, *row.one_needs}}
