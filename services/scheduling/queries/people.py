"""Reading facilitators and what they hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, select

from services.scheduling.domain.clearances import Clearance, standing
from services.scheduling.domain.commands import WEEKDAYS
from services.scheduling.queries.plain import plain
from services.scheduling.records.people import clearance_in
from services.scheduling.tables import (
    accreditations,
    assignments,
    clearances,
    escorts,
    establishments,
    facilitators,
    leave,
    runs,
    sessions,
    working_hours,
)
from shared.errors import Refused
from shared.persistence.types import AnyRow

TO_COME = ("draft", "held", "confirmed")
"""States of a run whose sessions are still to be led by somebody."""
BOOKED = ("held", "confirmed")
"""States of a run that keep its people's time: their sessions need cover where somebody cannot come."""


def list_facilitators(connection: Connection, state: str | None = None, *, brief: bool = False) -> list[dict[str, Any]]:
    """List facilitators by name, those in one state or all, each with all they hold.

    `brief` gives no more than `id`, `name` and `state` of each, for a choice among them.
    """
    query = select(facilitators).order_by(facilitators.c.name, facilitators.c.id)
    rows = connection.execute(query if state is None else query.where(facilitators.c.state == state)).all()
    if brief:
        return [{"id": str(row.id), "name": row.name, "state": row.state} for row in rows]
    return _with_what_they_hold(connection, rows, everybody=state is None)


def get_facilitator(connection: Connection, facilitator_id: UUID) -> dict[str, Any]:
    """Give a facilitator with all they hold. Raises `Refused("not_found")`.

    `id`, `name`, `email`, `state`, `insured_until`, `latitude` and `longitude` of where they set out from,
    `travel_limit_minutes`, `max_sessions_a_week`, `max_groups_a_day`, `vehicle`, and lists: `clearances` (each
    with the id and the name of its establishment), `accreditations`, `leave`, `hours`, `escorts`. Dates are ISO.
    """
    rows = connection.execute(select(facilitators).where(facilitators.c.id == facilitator_id)).all()
    if not rows:
        raise Refused("not_found", f"There is no facilitator {facilitator_id}. `keytalk facilitators list` shows them.")
    return _with_what_they_hold(connection, rows, everybody=False)[0]


def _with_what_they_hold(connection: Connection, rows: Collection[AnyRow], *, everybody: bool) -> list[dict[str, Any]]:
    ids = None if everybody else [row.id for row in rows]
    held = {name: _by_person(connection, table, order, shown, ids) for name, (table, order, shown) in _THEIRS.items()}
    _name_places(connection, [each for theirs in held["clearances"].values() for each in theirs])
    return [{**_entry(row), **{name: by.get(row.id, []) for name, by in held.items()}} for row in rows]


def _name_places(connection: Connection, those: list[dict[str, Any]]) -> None:
    """Put the name of its establishment beside the id in each clearance."""
    which = establishments.c.id.in_({each["establishment"] for each in those})
    rows = connection.execute(select(establishments.c.id, establishments.c.name).where(which)) if those else ()
    names = {row.id: row.name for row in rows}
    for each in those:
        each["establishment_name"] = names[each["establishment"]]


def _entry(row: AnyRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "email": row.email,
        "state": row.state,
        "insured_until": _iso(row.insured_until),
        "latitude": row.latitude,
        "longitude": row.longitude,
        "travel_limit_minutes": row.travel_limit_minutes,
        "max_sessions_a_week": row.max_sessions_a_week,
        "max_groups_a_day": row.max_groups_a_day,
        "vehicle": row.vehicle,
    }


def _by_person(
    connection: Connection,
    table: Table,
    order: tuple[str, ...],
    shown: Callable[[AnyRow], dict[str, Any]],
    ids: list[UUID] | None,
) -> dict[UUID, list[dict[str, Any]]]:
    query = select(table).order_by(*(table.c[name] for name in order))
    if ids is not None:
        query = query.where(table.c.facilitator_id.in_(ids))
    grouped: dict[UUID, list[dict[str, Any]]] = {}
    for row in connection.execute(query):
        grouped.setdefault(row.facilitator_id, []).append(shown(row))
    return grouped


def clearance_entry(row: AnyRow) -> dict[str, Any]:
    """Give a clearance as it is shown."""
    return {
        "id": str(row.id),
        "establishment": row.establishment_id,
        "level": row.level,
        "state": row.state,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat(),
        "site_access": row.site_access,
        "ctc": row.ctc,
        "keys_until": _iso(row.keys_until),
    }


def _accreditation(row: AnyRow) -> dict[str, Any]:
    span = {"valid_from": row.valid_from.isoformat(), "valid_until": _iso(row.valid_until)}
    return {"id": str(row.id), "kind": row.kind, **span}


def _leave(row: AnyRow) -> dict[str, Any]:
    return {"id": str(row.id), "first": row.first.isoformat(), "last": row.last.isoformat()}


def _hours(row: AnyRow) -> dict[str, Any]:
    span = {"start": row.start.isoformat("minutes"), "end": row.end.isoformat("minutes")}
    return {"weekday": WEEKDAYS[row.weekday], **span}


def _escort(row: AnyRow) -> dict[str, Any]:
    return {"establishment": row.establishment_id, "date": row.date.isoformat()}


_THEIRS: dict[str, tuple[Table, tuple[str, ...], Callable[[AnyRow], dict[str, Any]]]] = {
    "clearances": (clearances, ("establishment_id", "valid_from"), clearance_entry),
    "accreditations": (accreditations, ("kind", "valid_from"), _accreditation),
    "leave": (leave, ("first", "last"), _leave),
    "hours": (working_hours, ("weekday", "start"), _hours),
    "escorts": (escorts, ("date", "establishment_id"), _escort),
}
"""What somebody holds, by the name it is shown under: its table, its order, and how a row is shown."""


def get_clearance(connection: Connection, clearance_id: UUID) -> dict[str, Any]:
    """Give one clearance. Raises `Refused("not_found")`."""
    row = connection.execute(select(clearances).where(clearances.c.id == clearance_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no clearance {clearance_id}.")
    return {"facilitator": str(row.facilitator_id), **clearance_entry(row)}


def find_clearance(
    connection: Connection, facilitator_id: UUID, establishment_id: str, valid_from: dt.date
) -> dict[str, Any]:
    """Give somebody's clearance for a place that begins on a day."""
    table = clearances.c
    same = (table.facilitator_id == facilitator_id, table.establishment_id == establishment_id)
    row = connection.execute(select(clearances).where(*same, table.valid_from == valid_from)).one()
    return {"facilitator": str(row.facilitator_id), **clearance_entry(row)}


def sessions_ahead(
    connection: Connection, facilitator_id: UUID, first: dt.date, last: dt.date = dt.date.max
) -> list[dict[str, Any]]:
    """List somebody's sessions that are still to be, from one date to another, the first first.

    Each has `run`, `enquiry`, `establishment`, `session`, `number`, `date` and `start` (local), and `run_state`.
    """
    query = (
        select(sessions, runs.c.enquiry, runs.c.state.label("run_state"), establishments.c.name)
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(assignments.c.facilitator_id == facilitator_id)
        .where(sessions.c.state == "planned", runs.c.state.in_(TO_COME))
        .where(sessions.c.date >= first, sessions.c.date <= last)
        .order_by(sessions.c.starts_at, sessions.c.id)
    )
    return [
        {
            "run": str(row.run_id),
            "enquiry": row.enquiry,
            "run_state": row.run_state,
            "establishment": row.name,
            "session": str(row.id),
            "number": row.number,
            "date": row.date.isoformat(),
            "start": row.start.isoformat("minutes"),
        }
        for row in connection.execute(query)
    ]


def needing_cover(
    connection: Connection, facilitator_id: UUID, first: dt.date, last: dt.date = dt.date.max
) -> list[dict[str, Any]]:
    """List somebody's sessions from one date to another that somebody else has to lead where they cannot.

    As `sessions_ahead` gives them, without drafts: nothing is promised to anybody in those.
    """
    return [each for each in sessions_ahead(connection, facilitator_id, first, last) if each["run_state"] in BOOKED]


def clearance_matrix(
    connection: Connection,
    on: dt.date,
    establishment_ids: Collection[str] | None = None,
    facilitator_ids: Collection[UUID] | None = None,
    *,
    after: str = "",
    limit: int | None = None,
) -> dict[str, Any]:
    """Say how each facilitator stands with each establishment on a day.

    Gives `on`, `establishments` (`id`, `name`) by id and `facilitators` by name; each of these has `id`, `name`,
    `insured_until` and `cells`, one an establishment in the same order: `establishment`, `state` (see
    `domain.clearances.Word`), `level`, `valid_from`, `valid_until`, `until` (the last day without a break, renewals
    counted), `days_left` to it, `keys_until`, `site_access`, `ctc`, `renewal`. Without ids: the establishments that
    anybody has a clearance for, and everybody who has not left. With `limit`, so many establishments are given,
    those after the id `after`, and `more` says whether others follow. Raises `Refused("not_found")` for ids that
    are not on file.
    """
    held = _clearances_by_cell(connection)
    wanted = {place for _, place in held} if establishment_ids is None else {each.upper() for each in establishment_ids}
    places = connection.execute(
        select(establishments).where(establishments.c.id.in_(wanted)).order_by(establishments.c.id)
    ).all()
    people = _people_of_matrix(connection, facilitator_ids)
    if establishment_ids is not None:
        _refuse_missing("establishment", wanted, {row.id for row in places})
    following = [row for row in places if row.id > after]
    places = following[:limit]
    return {
        "on": on.isoformat(),
        "more": len(following) > len(places),
        "establishments": [{"id": row.id, "name": row.name} for row in places],
        "facilitators": [
            {
                "id": str(person.id),
                "name": person.name,
                "insured_until": _iso(person.insured_until),
                "cells": [_cell(place, held.get((person.id, place.id), []), on) for place in places],
            }
            for person in people
        ],
    }


def _people_of_matrix(connection: Connection, facilitator_ids: Collection[UUID] | None) -> list[AnyRow]:
    table = facilitators.c
    chosen = table.state != "left" if facilitator_ids is None else table.id.in_(facilitator_ids)
    rows = connection.execute(select(facilitators).where(chosen).order_by(table.name, table.id)).all()
    if facilitator_ids is not None:
        _refuse_missing("facilitator", set(facilitator_ids), {row.id for row in rows})
    return list(rows)


def _refuse_missing(what: str, wanted: set[Any], found: set[Any]) -> None:
    missing = ", ".join(sorted(str(each) for each in wanted - found))
    if missing:
        why = f"There is no {what} {missing}. `keytalk {what}s list` shows them."
        raise Refused("not_found", why, {f"{what}s": [why]})


def _clearances_by_cell(connection: Connection) -> dict[tuple[UUID, str], list[Clearance]]:
    cells: dict[tuple[UUID, str], list[Clearance]] = {}
    for row in connection.execute(select(clearances).order_by(clearances.c.valid_from)):
        cells.setdefault((row.facilitator_id, row.establishment_id), []).append(clearance_in(row))
    return cells


def _cell(place: AnyRow, held: list[Clearance], on: dt.date) -> dict[str, Any]:
    found = standing(held, on, place.required_level)
    cell: dict[str, Any] = {"establishment": place.id, "state": found.word, **dict.fromkeys(_OF_THE_CLEARANCE)}
    if found.clearance is not None:
        cell |= {name: plain(getattr(found.clearance, name)) for name in _OF_THE_CLEARANCE}
    left = (found.until - on).days if found.until else None
    return {**cell, "until": _iso(found.until), "days_left": left, "renewal": found.renewal}


_OF_THE_CLEARANCE = ("level", "valid_from", "valid_until", "keys_until", "site_access", "ctc")


def _iso(on: dt.date | None) -> str | None:
    return on.isoformat() if on else None
