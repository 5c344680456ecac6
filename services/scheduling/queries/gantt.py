"""Runs over a year, as bars with a mark for each session: a row an establishment, or a row a facilitator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from services.scheduling.domain.viewing import View, in_parts
from services.scheduling.queries.calendar_view import (
    chosen,
    closures_of,
    leave_of,
    place_shown,
    places_named,
    refuse_unknown,
    runs_with_programmes,
)
from services.scheduling.records.ids import known_id
from services.scheduling.tables import assignments, establishments, facilitators, runs, sessions
from shared.persistence.types import AnyRow

Marks = dict[UUID, list[dict[str, Any]]]
"""The sessions of each run, by time."""


def get_gantt(connection: Connection, view: View, by: str, part: int | None = None) -> dict[str, Any]:
    """Give the runs between two dates, by "establishment" or by "facilitator"; all, or one `part` of the rows.

    `rows` come by name, each with `id`, `name`, its `runs`, and `closed`: when the establishment is closed, or the
    facilitator on leave. A run has the `first` and the `last` date of its sessions in the row, those that are held or
    to be before cancelled ones, and these `sessions`. In a facilitator's row are the sessions that they lead.

    Parts are counted from 1, and of those after the last there is the last. With one comes `parts`: of each, the names
    of its `first` and its `last` row. Raises `Refused("not_found")` for what is asked for and not on file.
    """
    refuse_unknown(connection, view)
    found: dict[str, Any] = {"start": view.start.isoformat(), "end": view.end.isoformat(), "by": by}
    if part is not None:
        parts = in_parts(_counted(connection, view, by))
        found["part"] = min(part, max(1, len(parts)))
        found["parts"] = [{"first": each[0][1], "last": each[-1][1]} for each in parts]
        ids = tuple(row for row, _name in parts[found["part"] - 1]) if parts else ()
        view = replace(view, facilitators=ids) if by == "facilitator" else replace(view, establishments=ids)
    rows = _of_facilitators(connection, view) if by == "facilitator" else _of_establishments(connection, view)
    return {**found, "rows": sorted(rows, key=lambda row: _by_name(row["id"], row["name"]))}


def _by_name(row: Any, name: str) -> tuple[str, str]:
    return name.casefold(), str(row)


def _counted(connection: Connection, view: View, by: str) -> list[tuple[tuple[Any, str], int]]:
    """Give the id and the name of each row, and how many runs are in it, in their order."""
    named = establishments.c
    row: ColumnElement[Any] = runs.c.establishment_id
    asked: tuple[Any, ...] | None = view.establishments
    if by == "facilitator":
        named, row, asked = facilitators.c, known_id(assignments.c.facilitator_id), view.facilitators
    pairs = select(row, known_id(runs.c.id)).join_from(sessions, runs, runs.c.id == sessions.c.run_id)
    if by == "facilitator":
        pairs = pairs.join(assignments, assignments.c.session_id == sessions.c.id)
    found = connection.execute(pairs.where(*chosen(view)).distinct())
    # With somebody who is asked for, others lead: these are no rows of theirs.
    count = Counter(each for each, _run in found if asked is None or each in asked)
    known = connection.execute(select(named.id, named.name).where(named.id.in_({*count, *(asked or ())})))
    rows = sorted(((each.id, each.name) for each in known), key=lambda each: _by_name(*each))
    return [(each, count[each[0]]) for each in rows]


def _of_establishments(connection: Connection, view: View) -> list[dict[str, Any]]:
    marks = _marks(connection, view)
    of_runs = runs_with_programmes(connection, marks)
    places = places_named(
        connection, {run.establishment_id for run in of_runs.values()} | set(view.establishments or ())
    )
    closed: dict[str, list[dict[str, Any]]] = {}
    for each in closures_of(connection, places.values(), view):
        closed.setdefault(each["establishment"]["id"], []).append(_stretch(each, each["why"]))
    theirs: dict[str, Marks] = {place: {} for place in places}
    for run_id, those in marks.items():
        theirs[of_runs[run_id].establishment_id][run_id] = those
    return [
        {**place_shown(row), "runs": _bars(theirs[place], of_runs, places), "closed": closed.get(place, [])}
        for place, row in places.items()
    ]


def _of_facilitators(connection: Connection, view: View) -> list[dict[str, Any]]:
    theirs: dict[UUID, Marks] = {person: {} for person in view.facilitators or ()}
    marks = _marks(connection, view)
    by_session = {each["id"]: (run_id, each) for run_id, those in marks.items() for each in those}
    for person, session_id in _who_leads(connection, view):
        if view.facilitators is None or person in theirs:
            run_id, mark = by_session[str(session_id)]
            theirs.setdefault(person, {}).setdefault(run_id, []).append(mark)
    of_runs = runs_with_programmes(connection, marks)
    places = places_named(connection, {run.establishment_id for run in of_runs.values()})
    away: dict[str, list[dict[str, Any]]] = {}
    for each in leave_of(connection, view):
        away.setdefault(each["facilitator"]["id"], []).append(_stretch(each, "leave"))
    table = facilitators.c
    people = connection.execute(select(table.id, table.name).where(table.id.in_(list(theirs))))
    return [
        {
            "id": str(row.id),
            "name": row.name,
            "runs": _bars(theirs[row.id], of_runs, places),
            "closed": away.get(str(row.id), []),
        }
        for row in people
    ]


def _marks(connection: Connection, view: View) -> Marks:
    table = sessions.c
    query = (
        select(known_id(table.run_id), known_id(table.id), table.number, table.date, table.state)
        .join_from(sessions, runs, runs.c.id == table.run_id)
        .where(*chosen(view))
        .order_by(table.starts_at, table.id)
    )
    marks: Marks = {}
    for run_id, session_id, number, on, state in connection.execute(query):
        mark = {"id": str(session_id), "number": number, "date": on.isoformat(), "state": state}
        marks.setdefault(run_id, []).append(mark)
    return marks


def _who_leads(connection: Connection, view: View) -> Iterable[Any]:
    query = (
        select(known_id(assignments.c.facilitator_id), known_id(assignments.c.session_id))
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .where(*chosen(view))
        .order_by(sessions.c.starts_at, sessions.c.id)
    )
    return connection.execute(query)


def _bars(marks: Marks, of_runs: Mapping[UUID, AnyRow], places: Mapping[str, AnyRow]) -> list[dict[str, Any]]:
    return [_bar(of_runs[run_id], those, places) for run_id, those in marks.items()]


def _bar(run: AnyRow, marks: list[dict[str, Any]], places: Mapping[str, AnyRow]) -> dict[str, Any]:
    dates = [each["date"] for each in marks if each["state"] != "cancelled"] or [each["date"] for each in marks]
    return {
        "run": str(run.id),
        "enquiry": run.enquiry,
        "establishment": place_shown(places[run.establishment_id]),
        "programme": run.programme,
        "programme_name": run.programme_name,
        "state": run.state,
        "of": run.of,
        "first": dates[0],
        "last": dates[-1],
        "sessions": marks,
    }


def _stretch(each: Mapping[str, Any], why: str) -> dict[str, Any]:
    return {"first": each["first"], "last": each["last"], "why": why}
