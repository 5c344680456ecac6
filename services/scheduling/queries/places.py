"""Reading establishments: their entries, when they are open, their rooms, and the way between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select

from services.scheduling.domain.calendar import WINDOW_NAMES, Timetable
from services.scheduling.domain.establishments import UNDER_18_REASONS
from services.scheduling.domain.travel import km_between, minutes_by_road
from services.scheduling.domain.words import WEEKDAYS
from services.scheduling.records import load_establishment, load_rooms, load_timetables, names_in
from services.scheduling.records.places import load_timetables_of, load_travel, place_id
from services.scheduling.tables import blackouts, establishments, rooms, runs, sessions
from shared.holidays import bank_holidays_of
from shared.nations import division_of
from shared.persistence.types import AnyRow

BANK_HOLIDAYS_SHOWN = 6

_FOUND_BY = (establishments.c.id, establishments.c.name, establishments.c.town, establishments.c.other_names)
_SETTINGS = (
    *("required_level", "ctc_required", "under_18", "memo_lead_days", "kit_lead_days", "report_minutes"),
    *("exit_minutes", "latitude", "longitude"),
)


def list_establishments(
    connection: Connection,
    *,
    search: str | None,
    limit: int,
    on: dt.date | None = None,
    nation: str | None = None,
    active: bool | None = None,
    brief: bool = False,
) -> list[dict[str, Any]]:
    """List establishments by name, those whose id, name, town or other names hold `search`.

    With `nation` or `active` only those that lie there, or that take programmes or do not. `brief` gives no more than
    `id` and `name` of each, for a choice among all of them.

    Their windows are the usual ones: those without an end that began last, by the date `on` where one is given.
    """
    table = establishments.c
    query = select(establishments).order_by(table.name, table.id).limit(limit)
    if search:
        words = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        fits = [column.ilike(f"%{words}%", escape="\\") for column in _FOUND_BY]
        query = query.where(or_(*fits))
    if nation is not None:
        query = query.where(table.nation == nation)
    if active is not None:
        query = query.where(table.active.is_(active))
    if brief:
        return [{"id": row.id, "name": row.name} for row in connection.execute(query)]
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    windows, closed = load_timetables_of(connection, ids), _blackouts(connection, ids)
    return [
        {
            **_entry(row),
            "windows": _usual(windows.get(row.id, ()), on),
            "blackouts": [_in_words(each) for each in closed.get(row.id, ())],
        }
        for row in rows
    ]


def get_establishment(connection: Connection, establishment_id: str, on: dt.date) -> dict[str, Any]:
    """Give everything on file of an establishment, as of a date. Raises `Refused("not_found")`."""
    known = load_establishment(connection, establishment_id)
    row = connection.execute(select(establishments).where(establishments.c.id == known.id)).one()
    return {
        **_entry(row),
        **{name: row._mapping[name] for name in _SETTINGS},
        "under_18_approval": _approval(row),
        "set_by_hand": list(names_in(row.set_by_hand)),
        "windows": _usual(load_timetables(connection, row.id), on),
        "timetables": list_windows(connection, row.id),
        "blackouts": list_blackouts(connection, row.id),
        "rooms": list_rooms(connection, row.id),
        "bank_holidays": _bank_holidays(row, on),
    }


def list_windows(connection: Connection, establishment_id: str) -> list[dict[str, Any]]:
    """List all windows of an establishment with the dates between which they hold, by weekday and date.

    Of those that hold on a date the one that began last counts. All three windows None means: no session that weekday.
    """
    known = load_establishment(connection, establishment_id)
    return [_timetable(each) for each in load_timetables(connection, known.id)]


def list_blackouts(connection: Connection, establishment_id: str) -> list[dict[str, Any]]:
    """List the dates on which an establishment is closed. Of yearly ones the years mean nothing."""
    known = load_establishment(connection, establishment_id)
    return _blackouts(connection, [known.id]).get(known.id, [])


def _blackouts(connection: Connection, ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    table = blackouts.c
    query = select(blackouts).where(table.establishment_id.in_(ids)).order_by(table.first, table.id)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(query):
        blackout = {
            "id": str(row.id),
            "first": row.first.isoformat(),
            "last": row.last.isoformat(),
            "why": row.why,
            "yearly": row.yearly,
            "reason": row.reason,
        }
        found.setdefault(row.establishment_id, []).append(blackout)
    return found


def list_rooms(connection: Connection, establishment_id: str) -> list[dict[str, Any]]:
    """List the rooms of an establishment by name, those that are retired too."""
    known = load_establishment(connection, establishment_id)
    return [
        {"id": str(each.id), "name": each.name, "capacity": each.capacity, "active": each.active}
        for each in load_rooms(connection, known.id).values()
    ]


def get_room(connection: Connection, room_id: UUID) -> dict[str, Any]:
    """Give a room."""
    row = connection.execute(select(rooms).where(rooms.c.id == room_id)).one()
    return {
        "id": str(row.id),
        "establishment": row.establishment_id,
        "name": row.name,
        "capacity": row.capacity,
        "active": row.active,
    }


def sessions_in_room(connection: Connection, room_id: UUID, today: dt.date) -> list[dict[str, Any]]:
    """List the sessions that are planned in a room from today on, by date."""
    table = sessions.c
    query = (
        select(table.number, table.date, table.start, runs.c.id, runs.c.enquiry, runs.c.state)
        .join_from(sessions, runs, runs.c.id == table.run_id)
        .where(table.room_id == room_id, table.state == "planned", table.date >= today)
        .order_by(table.starts_at, table.id)
    )
    return [
        {
            "run": str(row.id),
            "enquiry": row.enquiry,
            "state": row.state,
            "number": row.number,
            "date": row.date.isoformat(),
            "start": row.start.isoformat("minutes"),
        }
        for row in connection.execute(query)
    ]


def get_travel(connection: Connection, here: str, there: str) -> dict[str, Any]:
    """Give the minutes between two places, each an establishment or a facilitator for where they start from.

    `known_by` is "set" where somebody has set them, "reckoned" from the distance, or None where nobody knows where one
    of the places is; then the minutes are None. Raises `Refused("not_found")`.
    """
    from_, to = place_id(connection, here, "here"), place_id(connection, there, "there")
    people = [UUID(each) for each in (from_, to) if _is_person(each)]
    travel = load_travel(connection, (from_, to), people)
    km = 0.0 if from_ == to else None
    if from_ in travel.points and to in travel.points:
        km = km_between(travel.points[from_], travel.points[to])
    reckoned = None if km is None else minutes_by_road(km)
    minutes = travel.minutes(from_, to)
    was_set = bool(travel.known)
    return {
        "here": from_,
        "there": to,
        "minutes": minutes,
        "known_by": "set" if was_set else None if minutes is None else "reckoned",
        "km": None if km is None else round(km, 1),
        "reckoned_minutes": reckoned,
    }


def _entry(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "active": row.active,
        "nation": row.nation,
        "town": row.town,
        "other_names": list(names_in(row.other_names)),
    }


def _approval(row: AnyRow) -> dict[str, Any] | None:
    if row.under_18_approved_by is None:
        return None
    return {
        "by": row.under_18_approved_by,
        "at": row.under_18_approved_at.isoformat(),
        "reason": row.under_18_reason,
        "why": UNDER_18_REASONS.get(row.under_18_reason),
    }


def _usual(timetables: Iterable[Timetable], on: dt.date | None) -> dict[str, dict[str, str]]:
    """Give what holds without an end, by weekday: of several timetables the one that began last."""
    days: dict[str, dict[str, str]] = {}
    for timetable in sorted(timetables, key=lambda each: (min(each.weekdays), each.valid_from)):
        if timetable.valid_until is not None or (on is not None and timetable.valid_from > on):
            continue
        for weekday in timetable.weekdays:
            days[WEEKDAYS[weekday].lower()] = _windows(timetable)
    return {day: windows for day, windows in days.items() if windows}


def _windows(timetable: Timetable) -> dict[str, str]:
    named = sorted(timetable.regime.windows.items())
    return {name: f"{window.start:%H:%M}-{window.end:%H:%M}" for (_day, name), window in named}


def _timetable(timetable: Timetable) -> dict[str, Any]:
    [weekday] = timetable.weekdays
    return {
        "weekday": WEEKDAYS[weekday].lower(),
        "valid_from": timetable.valid_from.isoformat(),
        "valid_until": timetable.valid_until.isoformat() if timetable.valid_until else None,
        **dict.fromkeys(WINDOW_NAMES),
        **_windows(timetable),
    }


def _in_words(blackout: dict[str, Any]) -> dict[str, Any]:
    if not blackout["yearly"]:
        return blackout
    said = {end: dt.date.fromisoformat(blackout[end]).strftime("%d %B") for end in ("first", "last")}
    return {**blackout, **said}


def _bank_holidays(row: AnyRow, on: dt.date) -> dict[str, Any]:
    division = division_of(row.nation)
    ahead = sorted((day, title) for day, title in bank_holidays_of(division).items() if day >= on)
    return {
        "division": division,
        "next": [{"date": day.isoformat(), "title": title} for day, title in ahead[:BANK_HOLIDAYS_SHOWN]],
    }


def _is_person(place: str) -> bool:
    try:
        UUID(place)
    except ValueError:
        return False
    return True
