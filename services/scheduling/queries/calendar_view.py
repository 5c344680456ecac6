"""Everything that is drawn of a calendar between two dates: sessions with their clashes, holds, closures and leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, or_, select

from services.scheduling.domain.calendar import Blackout
from services.scheduling.domain.runs import Session
from services.scheduling.domain.viewing import View, stretches
from services.scheduling.queries import clashes
from services.scheduling.queries.runs import UNDER_WAY
from services.scheduling.records.ids import known_id, with_known_ids
from services.scheduling.records.runs import session_in
from services.scheduling.records.together import load_together
from services.scheduling.tables import (
    assignments,
    blackouts,
    changes,
    establishments,
    facilitators,
    holds,
    leave,
    programmes,
    rooms,
    runs,
    sessions,
)
from shared.errors import Refused
from shared.holidays import bank_holidays_in
from shared.persistence.types import AnyRow

_A_DAY = dt.timedelta(days=1)


def get_calendar(connection: Connection, view: View, now: dt.datetime, *, with_clashes: bool = True) -> dict[str, Any]:
    """Give what is drawn between two dates. Raises `Refused("not_found")` for what is asked for and not on file.

    `sessions` by time, with those that were cancelled; `holds` of their runs; `closures` of the establishments that
    are asked for or have a session there, bank holidays among them; `leave` of those asked for, or of everybody; and
    `clashes`: of each session to come, the rules it does not keep, as `get_run` says them. Times are local. Without
    clashes, which take longer than all else to find, those and each session's own are None.
    """
    refuse_unknown(connection, view)
    rows = connection.execute(_sessions(view)).all()
    of_runs = runs_with_programmes(connection, {row.run_id for row in rows})
    teams = _teams(connection, view)
    names = _names(connection, teams, view)
    places = places_named(
        connection, {run.establishment_id for run in of_runs.values()} | set(view.establishments or ())
    )
    drawn = None
    if with_clashes:
        drawn = clashes.shown(_clashes(connection, rows, of_runs, teams, now), names, _where(of_runs, places))
    return {
        "start": view.start.isoformat(),
        "end": view.end.isoformat(),
        "sessions": _drawn(connection, rows, of_runs, teams, names, places, drawn),
        "holds": _holds(connection, of_runs, places),
        "closures": closures_of(connection, places.values(), view),
        "leave": leave_of(connection, view),
        "clashes": drawn,
    }


def list_clashes(connection: Connection, view: View, now: dt.datetime) -> dict[str, Any]:
    """Give the `clashes` of a calendar alone, for who has drawn all else. Raises as `get_calendar`."""
    refuse_unknown(connection, view)
    rows = connection.execute(_sessions(view)).all()
    of_runs = runs_with_programmes(connection, {row.run_id for row in rows})
    teams = _teams(connection, view)
    places = places_named(connection, {run.establishment_id for run in of_runs.values()})
    found = _clashes(connection, rows, of_runs, teams, now)
    shown = clashes.shown(found, _names(connection, teams, view), _where(of_runs, places))
    return {"start": view.start.isoformat(), "end": view.end.isoformat(), "clashes": shown}


def chosen(view: View) -> list[ColumnElement[bool]]:
    """Match the sessions of a view, joined with their runs; those that took the place of nothing any more are none."""
    day = dt.datetime.combine(view.start, dt.time(), dt.UTC) - _A_DAY
    end = dt.datetime.combine(view.end, dt.time(), dt.UTC) + 2 * _A_DAY
    # The instants find them by their index, the local date says exactly which.
    found = [sessions.c.starts_at >= day, sessions.c.starts_at < end, sessions.c.date.between(view.start, view.end)]
    found.append(sessions.c.state != "superseded")
    if view.establishments is not None:
        found.append(runs.c.establishment_id.in_(view.establishments))
    if view.programmes is not None:
        found.append(runs.c.programme.in_(view.programmes))
    if view.facilitators is not None:
        led = select(assignments.c.session_id).where(assignments.c.facilitator_id.in_(view.facilitators))
        found.append(sessions.c.id.in_(led))
    return found


def _sessions(view: View) -> Any:
    query = select(*with_known_ids(sessions), rooms.c.name.label("room")).join_from(
        sessions, runs, runs.c.id == sessions.c.run_id
    )
    query = query.outerjoin(rooms, rooms.c.id == sessions.c.room_id)
    return query.where(*chosen(view)).order_by(sessions.c.starts_at, sessions.c.id)


def runs_with_programmes(connection: Connection, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Load runs, each with the name and the number of sessions of its programme."""
    version = (programmes.c.slug == runs.c.programme) & (programmes.c.version == runs.c.programme_version)
    of_programme = (programmes.c.name.label("programme_name"), programmes.c.sessions.label("of"))
    query = select(*with_known_ids(runs), *of_programme)
    rows = connection.execute(query.join_from(runs, programmes, version).where(runs.c.id.in_(ids)))
    return {row.id: row for row in rows}


def _teams(connection: Connection, view: View) -> dict[UUID, list[tuple[UUID, str]]]:
    """Load who leads each session, and in which role."""
    query = (
        select(known_id(assignments.c.session_id), known_id(assignments.c.facilitator_id), assignments.c.role)
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .where(*chosen(view))
        .order_by(assignments.c.session_id, assignments.c.place)
    )
    teams: dict[UUID, list[tuple[UUID, str]]] = {}
    for session_id, person, role in connection.execute(query):
        teams.setdefault(session_id, []).append((person, role))
    return teams


def _names(connection: Connection, teams: Mapping[UUID, list[tuple[UUID, str]]], view: View) -> dict[UUID, str]:
    people = {person for team in teams.values() for person, _ in team} | set(view.facilitators or ())
    rows = connection.execute(select(facilitators.c.id, facilitators.c.name).where(facilitators.c.id.in_(people)))
    return {row.id: row.name for row in rows}


def places_named(connection: Connection, ids: Collection[str]) -> dict[str, AnyRow]:
    """Load the names and nations of establishments, by id."""
    table = establishments.c
    rows = connection.execute(select(table.id, table.name, table.nation).where(table.id.in_(ids)).order_by(table.id))
    return {row.id: row for row in rows}


def place_shown(row: AnyRow) -> dict[str, str]:
    """Give an establishment as it is named beside what is drawn."""
    return {"id": row.id, "name": row.name}


def _where(of_runs: Mapping[UUID, AnyRow], places: Mapping[str, AnyRow]) -> dict[UUID, dict[str, str]]:
    """Give the establishment of each run, as it is named beside what is drawn."""
    return {run_id: place_shown(places[run.establishment_id]) for run_id, run in of_runs.items()}


def _drawn(
    connection: Connection,
    rows: Iterable[AnyRow],
    of_runs: Mapping[UUID, AnyRow],
    teams: Mapping[UUID, list[tuple[UUID, str]]],
    names: Mapping[UUID, str],
    places: Mapping[str, AnyRow],
    drawn: Iterable[dict[str, Any]] | None,
) -> list[dict[str, Any]]:
    those, came_from = list(rows), _where_they_stood(connection, rows)
    clashing = None if drawn is None else {each["session"] for each in drawn}
    shown_places = {place: place_shown(row) for place, row in places.items()}
    return [
        {
            **_of_run(of_runs[row.run_id], shown_places),
            "id": str(row.id),
            "number": row.number,
            "kind": row.kind,
            "state": row.state,
            "date": row.date.isoformat(),
            "start": row.start.isoformat("minutes"),
            "end": row.end.isoformat("minutes"),
            "zone": row.zone,
            "room": {"id": str(row.room_id), "name": row.room} if row.room_id else None,
            "facilitators": [
                {"id": str(person), "name": names[person], "role": role} for person, role in teams.get(row.id, ())
            ],
            "cancelled": row.state == "cancelled",
            "moved_from": _moved(row, came_from),
            "covered": any(role == "cover" for _, role in teams.get(row.id, ())),
            "clashes": None if clashing is None else str(row.id) in clashing,
        }
        for row in those
    ]


def _of_run(run: AnyRow, places: Mapping[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "run": str(run.id),
        "enquiry": run.enquiry,
        "run_state": run.state,
        "of": run.of,
        "programme": run.programme,
        "programme_name": run.programme_name,
        "mode": run.mode,
        "establishment": places[run.establishment_id],
    }


_Stood = dict[UUID, tuple[str, str]]
"""Where sessions stood first, by id: date and time, as text."""


def _where_they_stood(connection: Connection, rows: Iterable[AnyRow]) -> _Stood:
    """Give where sessions stood before anything moved them, those cancelled ones too whose place others took."""
    those = list(rows)
    instead = {row.supersedes for row in those if row.supersedes is not None}
    query = select(sessions.c.id, sessions.c.date, sessions.c.start).where(sessions.c.id.in_(instead))
    cancelled = connection.execute(query) if instead else ()
    stood = {row.id: (row.date.isoformat(), row.start.isoformat("minutes")) for row in cancelled}
    stood.update(_before_changes(connection, {row.run_id for row in those if row.revision}))
    return stood


def _before_changes(connection: Connection, run_ids: Collection[UUID]) -> _Stood:
    table = changes.c
    query = select(table.before).where(table.run_id.in_(run_ids)).order_by(table.applied_at, table.version, table.id)
    stood: _Stood = {}
    for before in connection.scalars(query) if run_ids else ():
        for each in before["sessions"]:
            stood.setdefault(UUID(each["id"]), (each["date"], each["start"][:5]))
    return stood


def _moved(row: AnyRow, stood: _Stood) -> dict[str, str] | None:
    """Give where a session was planned first, if that is not where it is."""
    first = stood.get(row.supersedes if row.supersedes is not None else row.id)
    if first is None or first == (row.date.isoformat(), row.start.isoformat("minutes")):
        return None
    return {"date": first[0], "start": first[1]}


def _clashes(
    connection: Connection,
    rows: Iterable[AnyRow],
    of_runs: Mapping[UUID, AnyRow],
    teams: Mapping[UUID, list[tuple[UUID, str]]],
    now: dt.datetime,
) -> Iterator[Any]:
    ahead: dict[UUID, list[Session]] = {}
    for row in rows:
        if row.state == "planned" and row.starts_at > now and of_runs[row.run_id].state in UNDER_WAY:
            people = tuple(person for person, _ in teams.get(row.id, ()))
            ahead.setdefault(row.run_id, []).append(session_in(row, people))
    if not ahead:
        return iter(())
    return clashes.breaches_in(ahead, of_runs, load_together(connection, ahead, of_runs))


def _holds(
    connection: Connection, of_runs: Mapping[UUID, AnyRow], places: Mapping[str, AnyRow]
) -> list[dict[str, Any]]:
    held = [run_id for run_id, run in of_runs.items() if run.state == "held"]
    query = select(holds).where(holds.c.run_id.in_(held), holds.c.state == "active")
    rows = connection.execute(query.order_by(holds.c.expires_on, holds.c.rank, holds.c.id)) if held else ()
    return [
        {
            "hold": str(row.id),
            "run": str(row.run_id),
            "enquiry": of_runs[row.run_id].enquiry,
            "establishment": place_shown(places[of_runs[row.run_id].establishment_id]),
            "rank": row.rank,
            # One that waits in line has no last day of its own yet.
            "expires_on": row.expires_on.isoformat() if row.rank == 1 else None,
        }
        for row in rows
    ]


def closures_of(connection: Connection, places: Iterable[AnyRow], view: View) -> list[dict[str, Any]]:
    """Give when some establishments are closed between two dates, cut off at them: blackouts and bank holidays.

    Each has the establishment's id and name, `first`, `last`, `why`, and `id` of the blackout, None for a holiday.
    """
    those = {place.id: place for place in places}
    closed = [*_blackouts(connection, those, view), *_bank_holidays(those.values(), view)]
    return sorted(closed, key=lambda each: (each["first"], each["establishment"]["id"], each["last"], each["why"]))


def _blackouts(connection: Connection, places: Mapping[str, AnyRow], view: View) -> Iterator[dict[str, Any]]:
    table = blackouts.c
    near = or_(table.yearly, (table.first <= view.end) & (table.last >= view.start))
    for row in connection.execute(select(blackouts).where(table.establishment_id.in_(list(places)), near)):
        blackout = Blackout(row.first, row.last, row.why, yearly=row.yearly)
        for first, last in stretches(blackout, view.start, view.end):
            yield _closure(places[row.establishment_id], first, last, row.why, str(row.id))


def _bank_holidays(places: Iterable[AnyRow], view: View) -> Iterator[dict[str, Any]]:
    for place in places:
        for on, title in bank_holidays_in(place.nation).items():
            if view.start <= on <= view.end:
                yield _closure(place, on, on, title, None)


def _closure(place: AnyRow, first: dt.date, last: dt.date, why: str, blackout: str | None) -> dict[str, Any]:
    span = {"first": first.isoformat(), "last": last.isoformat()}
    return {"establishment": place_shown(place), **span, "why": why, "id": blackout}


def leave_of(connection: Connection, view: View) -> list[dict[str, Any]]:
    """Give who is not to be asked when, of those asked for or of everybody who has not left; why is never said."""
    query = (
        select(leave, facilitators.c.name)
        .join_from(leave, facilitators, facilitators.c.id == leave.c.facilitator_id)
        .where(leave.c.last >= view.start, leave.c.first <= view.end, facilitators.c.state != "left")
        .order_by(leave.c.first, facilitators.c.name, leave.c.id)
    )
    if view.facilitators is not None:
        query = query.where(leave.c.facilitator_id.in_(view.facilitators))
    return [
        {
            "id": str(row.id),
            "facilitator": {"id": str(row.facilitator_id), "name": row.name},
            "first": row.first.isoformat(),
            "last": row.last.isoformat(),
        }
        for row in connection.execute(query)
    ]


def refuse_unknown(connection: Connection, view: View) -> None:
    """Raise `Refused("not_found")` for what is not on file: an empty calendar would say that nothing is there."""
    _refuse_missing(connection, "establishments", establishments, "id", view.establishments)
    _refuse_missing(connection, "facilitators", facilitators, "id", view.facilitators)
    _refuse_missing(connection, "programmes", programmes, "slug", view.programmes)


def _refuse_missing(
    connection: Connection, field: str, table: Table, column: str, wanted: tuple[Any, ...] | None
) -> None:
    if not wanted:
        return
    known = set(connection.scalars(select(table.c[column]).where(table.c[column].in_(wanted))))
    missing = ", ".join(str(each) for each in wanted if each not in known)
    if missing:
        why = f"There is no {field[:-1]} {missing}. `keytalk {field} list` shows them."
        raise Refused("not_found", why, {field: [why]})
