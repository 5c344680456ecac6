"""What was done in a period, counted: sessions, the load of facilitators, and whom it reached."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Integer, Subquery, cast, extract, func, select

from services.scheduling.domain.attendance import SMALL, shown
from services.scheduling.domain.runs import DONE, NOT_HELD
from services.scheduling.domain.travel import Travel
from services.scheduling.domain.viewing import View
from services.scheduling.records.ids import known_id
from services.scheduling.records.places import load_travel
from services.scheduling.tables import (
    assignments,
    attendance,
    establishments,
    facilitators,
    outcomes,
    programmes,
    runs,
    sessions,
)
from shared.persistence.types import AnyRow

IN_FORCE: Final = ("confirmed", "completed", "ended_early", "cancelled")
"""States of a run that was promised to somebody: drafts and holds are only plans."""
UNDER_FIVE: Final = f"under {SMALL}"
NOT_SHOWN: Final = "not shown"
"""In place of a count that would say by itself what another one is that is under 5."""

_COUNTS = ("planned", "in_place", "delivered", "part_delivered", "to_come", "cancelled", "chargeable")


def report_sessions(connection: Connection, period: View) -> dict[str, Any]:
    """Count the sessions of confirmed runs that lie in a period.

    `rows` by establishment and programme, `months` and `totals` have each: `planned` once, however often one was put
    on another date; `in_place`, those held or to be held in place of a cancelled one; `delivered`, `part_delivered`,
    `to_come` (planned, or nobody has put down what became of them), `cancelled`, and `chargeable`, held or not.
    Planned and in place are as many as all the others together. `cancelled` has `reason`, `party`, `sessions`,
    `chargeable`, the most first; both None where nobody put them down.
    """
    counted = connection.execute(_counted_sessions(period)).all()
    by_place: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    by_month: dict[str, Counter[str]] = defaultdict(Counter)
    for row in counted:
        of_place, of_month = by_place[row.establishment_id, row.programme], by_month[f"{row.year:04}-{row.month:02}"]
        for what in _counted_as(row):
            of_place[what] += row.sessions
            of_month[what] += row.sessions
    totals = sum(by_month.values(), Counter())
    names, titles = _place_names(connection), _programme_names(connection)
    rows = [
        {
            "establishment": place,
            "name": names[place],
            "programme": slug,
            "programme_name": titles[slug],
            **_filled(found),
        }
        for (place, slug), found in by_place.items()
    ]
    return {
        **_span(period),
        "totals": _filled(totals),
        "months": [{"month": month, **_filled(found)} for month, found in sorted(by_month.items())],
        "rows": sorted(rows, key=lambda row: (row["name"], row["establishment"], row["programme"])),
        "cancelled": _by_reason(counted),
    }


def _counted_sessions(period: View) -> Any:
    """Select the sessions of a period, counted by all that is asked about one."""
    said = _standing_outcomes(period)
    year = cast(extract("year", sessions.c.date), Integer).label("year")
    month = cast(extract("month", sessions.c.date), Integer).label("month")
    in_place = sessions.c.supersedes.is_not(None).label("in_place")
    of = (year, month, runs.c.establishment_id, runs.c.programme, sessions.c.state, in_place)
    became = (said.c.reason, said.c.party, said.c.chargeable)
    return (
        select(*of, *became, func.count().label("sessions"))
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .outerjoin(said, (said.c.session_id == sessions.c.id) & (said.c.newest == 1))
        .where(*_within(period), sessions.c.state != "superseded")
        .group_by(*of, *became)
    )


def _standing_outcomes(period: View) -> Subquery:
    """Select what was put down for sessions and not taken back, the newest of each numbered 1."""
    table = outcomes.c
    latest = func.row_number().over(partition_by=table.session_id, order_by=(table.recorded_at.desc(), table.id.desc()))
    return (
        select(table.session_id, table.reason, table.party, table.chargeable, latest.label("newest"))
        .join_from(outcomes, sessions, sessions.c.id == table.session_id)
        .where(table.undone_at.is_(None), *_dates(period))
        .subquery()
    )


def _within(period: View) -> list[ColumnElement[bool]]:
    return [*_dates(period), runs.c.state.in_(IN_FORCE)]


def _dates(period: View) -> list[ColumnElement[bool]]:
    """Match what lies in a period by the local date; the instants find it by their index."""
    begin = dt.datetime.combine(period.start, dt.time(), dt.UTC) - dt.timedelta(days=1)
    end = dt.datetime.combine(period.end, dt.time(), dt.UTC) + dt.timedelta(days=2)
    near = (sessions.c.starts_at >= begin, sessions.c.starts_at < end)
    return [*near, sessions.c.date.between(period.start, period.end)]


def _counted_as(row: AnyRow) -> Iterator[str]:
    yield "to_come" if row.state == "planned" else row.state
    yield "in_place" if row.in_place else "planned"
    if row.chargeable:
        yield "chargeable"


def _filled(found: Mapping[str, int]) -> dict[str, int]:
    return {name: found.get(name, 0) for name in _COUNTS}


def _by_reason(counted: Iterable[AnyRow]) -> list[dict[str, Any]]:
    fell_out: Counter[tuple[str | None, str | None]] = Counter()
    charged: Counter[tuple[str | None, str | None]] = Counter()
    for row in counted:
        if row.state == "cancelled":
            fell_out[row.reason, row.party] += row.sessions
            charged[row.reason, row.party] += row.sessions if row.chargeable else 0
    ordered = sorted(fell_out.items(), key=lambda each: (-each[1], str(each[0])))
    return [
        {"reason": reason, "party": party, "sessions": count, "chargeable": charged[reason, party]}
        for (reason, party), count in ordered
    ]


def report_load(connection: Connection, period: View) -> dict[str, Any]:
    """Say what each facilitator led, or is to lead, in a period, on confirmed runs.

    `rows` by name: `facilitator`, `name`, `sessions`, `delivered` (in part, too), `to_come`, `as_cover`, `hours` as
    planned, `weekly_limit` of sessions inside prisons, `busiest_week` with the most of them, `weeks_over` the limit;
    `travel_minutes` there and back for the sessions whose way is known, None where none is, and `travel_unknown`, how
    many are not. Weeks go from Monday to Sunday; one that the period cuts counts whole.
    """
    led, weeks = _led(connection, period)
    ways = {person: _ways(theirs) for person, theirs in led.items()}
    travel = load_travel(connection, {place for theirs in ways.values() for place in theirs}, ways)
    people = connection.execute(select(facilitators).where(facilitators.c.id.in_(list(led)))).all()
    rows = [
        {
            "facilitator": str(row.id),
            "name": row.name,
            **_done(led[row.id]),
            "weekly_limit": row.max_sessions_a_week,
            "busiest_week": max(weeks.get(row.id, {}).values(), default=0),
            "weeks_over": sum(count > row.max_sessions_a_week for count in weeks.get(row.id, {}).values()),
            **_travelled(row.id, ways[row.id], travel),
        }
        for row in people
    ]
    return {**_span(period), "rows": sorted(rows, key=lambda row: (row["name"], row["facilitator"]))}


Alike = tuple[str, str, str, str, dt.time, dt.time]
"""All that a load asks of a session: role, establishment, mode, state, start and end."""


def _led(connection: Connection, period: View) -> tuple[dict[UUID, Counter[Alike]], dict[UUID, Counter[int]]]:
    """Count what each facilitator leads in a period, those alike together; and the sessions inside prisons by week.

    The weeks are whole, each under its Monday. An observer leads none.
    """
    monday = period.start - dt.timedelta(days=period.start.weekday())
    sunday = period.end + dt.timedelta(days=6 - period.end.weekday())
    query = (
        select(
            *(known_id(assignments.c.facilitator_id), sessions.c.date, assignments.c.role, runs.c.establishment_id),
            *(runs.c.mode, sessions.c.state, sessions.c.start, sessions.c.end),
        )
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .where(*_within(View(monday, sunday)), sessions.c.state.not_in(NOT_HELD), assignments.c.role != "observer")
    )
    led: dict[UUID, Counter[Alike]] = defaultdict(Counter)
    weeks: dict[UUID, Counter[int]] = defaultdict(Counter)
    for person, on, *alike in connection.execute(query):
        if alike[2] == "in_person":
            weeks[person][on.toordinal() - on.weekday()] += 1
        if period.start <= on <= period.end:
            led[person][tuple(alike)] += 1
    return led, weeks


def _done(theirs: Mapping[Alike, int]) -> dict[str, Any]:
    found: Counter[str] = Counter()
    minutes = 0
    for (role, _place, _mode, state, start, end), count in theirs.items():
        found["delivered" if state in DONE else "to_come"] += count
        found["as_cover"] += count if role == "cover" else 0
        minutes += _minutes(start, end) * count
    counts = {name: found[name] for name in ("delivered", "to_come", "as_cover")}
    return {"sessions": sum(theirs.values()), **counts, "hours": round(minutes / 60, 2)}


def _ways(theirs: Mapping[Alike, int]) -> Counter[str]:
    """Count the sessions inside prisons by establishment."""
    found: Counter[str] = Counter()
    for (_role, place, mode, *_), count in theirs.items():
        found[place] += count if mode == "in_person" else 0
    return +found


def _minutes(start: dt.time, end: dt.time) -> int:
    return (end.hour - start.hour) * 60 + end.minute - start.minute


def _travelled(person: UUID, ways: Mapping[str, int], travel: Travel) -> dict[str, int | None]:
    known = {place: minutes for place in ways if (minutes := travel.minutes(str(person), place)) is not None}
    there_and_back = sum(2 * known[place] * count for place, count in ways.items() if place in known)
    unknown = sum(count for place, count in ways.items() if place not in known)
    return {"travel_minutes": there_and_back if known else None, "travel_unknown": unknown}


def report_reach(connection: Connection, period: View) -> dict[str, Any]:
    """Say whom a period reached: `rows` by establishment, and `totals`.

    Each has `runs` with a session held there, `sessions` held, in part too, `registers` put down for them, and
    `attendances`: everybody who came to each. Of attendances a count under 5 is "under 5", and where that alone would
    be hidden, the next smallest is "not shown": else the total would give it away.
    """
    held = sessions.c.state.in_(sorted(DONE))
    counts = (
        func.count(runs.c.id.distinct()).label("runs"),
        func.count(sessions.c.id).label("sessions"),
        func.count(attendance.c.session_id).label("registers"),
        func.coalesce(func.sum(attendance.c.attended), 0).label("attendances"),
    )
    query = (
        select(runs.c.establishment_id, establishments.c.name, *counts)
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .outerjoin(attendance, attendance.c.session_id == sessions.c.id)
        .where(*_within(period), held)
        .group_by(runs.c.establishment_id, establishments.c.name)
        .order_by(establishments.c.name, runs.c.establishment_id)
    )
    found = connection.execute(query).all()
    told = shown({row.establishment_id: int(row.attendances) for row in found})
    rows = [
        {
            "establishment": row.establishment_id,
            "name": row.name,
            "runs": row.runs,
            "sessions": row.sessions,
            "registers": row.registers,
            "attendances": _told(int(row.attendances), told[row.establishment_id]),
        }
        for row in found
    ]
    sums = {name: sum(row[name] for row in rows) for name in ("runs", "sessions", "registers")}
    came = sum(int(row.attendances) for row in found)
    return {**_span(period), "totals": {**sums, "attendances": _told(came, shown({"all": came})["all"])}, "rows": rows}


def _told(count: int, may_be_told: int | None) -> int | str:
    if may_be_told is not None:
        return may_be_told
    return UNDER_FIVE if count < SMALL else NOT_SHOWN


def _span(period: View) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat()}


def _place_names(connection: Connection) -> dict[str, str]:
    return {row.id: row.name for row in connection.execute(select(establishments.c.id, establishments.c.name))}


def _programme_names(connection: Connection) -> dict[str, str]:
    """Give the names of programmes, each as its newest version has it."""
    query = select(programmes.c.slug, programmes.c.name).order_by(programmes.c.version)
    return {row.slug: row.name for row in connection.execute(query)}
