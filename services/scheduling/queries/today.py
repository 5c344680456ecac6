"""What of the calendar needs somebody now: counted, with the first few of each kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.domain.clearances import SOON
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.expiry import endings
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.memos import due_on, first_date
from services.scheduling.domain.rules import clearance_covers_every_session, enough_facilitators
from services.scheduling.domain.runs import DONE, Session
from services.scheduling.queries.people import BOOKED
from services.scheduling.queries.theirs import led_by
from services.scheduling.records.ids import known_id, with_known_ids
from services.scheduling.records.people import load_cleared, opens_the_gate
from services.scheduling.records.runs import session_in
from services.scheduling.records.together import load_together
from services.scheduling.tables import (
    assignments,
    attendance,
    clearances,
    establishments,
    facilitators,
    gate_memos,
    holds,
    kit_approvals,
    offers,
    programmes,
    runs,
    sessions,
)
from shared.clock import day_in_london
from shared.holidays import bank_holidays_in
from shared.persistence.types import AnyRow

SHOWN: Final = 10
"""How many of each kind are given; the count says how many there are."""
RUNS_OUT_WITHIN: Final = dt.timedelta(days=7)
"""How soon a hold or a memo's day is near: it can still be seen to within the week."""
LOOKED_AHEAD: Final = dt.timedelta(weeks=16)
"""How far ahead clearances and teams are looked at: vetting is started 16 weeks before (domain notes, section 5.3)."""
LOOKED_BACK: Final = dt.timedelta(days=92)
"""How far back a register is missed: a quarter of a year, which is what commissioners are told of."""
PAPERS_AHEAD: Final = dt.timedelta(days=120)
"""How far before a session its memo can be due, as for the tasks that ask for it."""

_IN_FORCE: Final = ("confirmed", "completed", "ended_early")
_TO_MAKE_AGAIN: Final = ("refused", "out_of_date")

Item = dict[str, Any]


def count_today(connection: Connection, now: dt.datetime, actor: str | None) -> dict[str, Any]:
    """Count what needs somebody at an aware moment, and give the first ten of each kind.

    Each kind has `count`, `mine` (how many of them `actor` has begun, where that is put down) and `items`, those first
    that come first; each item has ids, `establishment`, `date`, and `mine`. `sessions` of today and tomorrow;
    `memos` due within the week or to be made again; `clearances` that end within 90 days or do not let somebody in to
    a session they are to lead; `kit` that a prison has been asked about; open `offers`; `holds` that run out within
    the week; `registers` that are missing; `short`: sessions without enough facilitators.
    """
    today = day_in_london(now)
    ahead = _look_ahead(connection, now, today)
    found: dict[str, Iterable[Item]] = {
        "sessions": _sessions(connection, today),
        "memos": [*_memos(connection, today), *_memos_to_make(connection, today)],
        "clearances": _clearances(connection, ahead, today),
        "kit": _kit(connection, today),
        "offers": _offers(connection),
        "holds": _holds(connection, today),
        "registers": registers(connection, now),
        "short": ahead.short,
    }
    counted = {kind: _counted(items, actor) for kind, items in found.items()}
    return {"today": today.isoformat(), "tomorrow": (today + dt.timedelta(days=1)).isoformat(), **counted}


def _counted(found: Iterable[Item], actor: str | None) -> dict[str, Any]:
    items = sorted(found, key=lambda item: (item["date"], item.get("start", ""), item["establishment"]["id"]))
    told = [{**each, "mine": actor is not None and each.get("by") == actor} for each in items]
    mine = sum(each["mine"] for each in told)
    return {"count": len(told), "mine": mine, "items": told[:SHOWN]}


def _place(row: AnyRow) -> dict[str, str]:
    return {"id": row.establishment_id, "name": row.place}


_WITH_PLACE = (runs.c.enquiry, runs.c.establishment_id, establishments.c.name.label("place"))


def _sessions(connection: Connection, today: dt.date) -> Iterator[Item]:
    """Give what is held today and tomorrow, and what was to be held and is cancelled."""
    tomorrow = today + dt.timedelta(days=1)
    those = list(connection.execute(_dated(today, tomorrow).where(sessions.c.state != "superseded")))
    people = _who_leads(connection, [row.id for row in those])
    for row in those:
        yield {**_session(row), "state": row.state, "facilitators": people.get(row.id, [])}


def _dated(first: dt.date, last: dt.date) -> Any:
    """Select the sessions of runs that take time, between two dates."""
    return _near(first, last).where(sessions.c.date.between(first, last))


def _near(first: dt.date, last: dt.date) -> Any:
    """Select the sessions of runs that take time, between two dates give or take a day, as their index finds them."""
    day = dt.datetime.combine(first, dt.time(), dt.UTC) - dt.timedelta(days=1)
    end = dt.datetime.combine(last, dt.time(), dt.UTC) + dt.timedelta(days=2)
    near = (sessions.c.starts_at >= day, sessions.c.starts_at < end)
    query = select(*with_known_ids(sessions), *_WITH_PLACE, runs.c.state.label("run_state"))
    query = query.join_from(sessions, runs, runs.c.id == sessions.c.run_id)
    query = query.join(establishments, establishments.c.id == runs.c.establishment_id)
    return query.where(*near, runs.c.state.in_((*_IN_FORCE, "held"))).order_by(sessions.c.starts_at, sessions.c.id)


def _session(row: AnyRow) -> Item:
    return {
        "session": str(row.id),
        "run": str(row.run_id),
        "enquiry": row.enquiry,
        "run_state": row.run_state,
        "number": row.number,
        "establishment": _place(row),
        "date": row.date.isoformat(),
        "start": row.start.isoformat("minutes"),
        "end": row.end.isoformat("minutes"),
    }


def _who_leads(connection: Connection, session_ids: list[UUID]) -> dict[UUID, list[dict[str, str]]]:
    query = (
        select(assignments.c.session_id, facilitators.c.id, facilitators.c.name)
        .join_from(assignments, facilitators, facilitators.c.id == assignments.c.facilitator_id)
        .where(assignments.c.session_id.in_(session_ids))
        .order_by(assignments.c.session_id, assignments.c.place)
    )
    found: dict[UUID, list[dict[str, str]]] = {}
    for session_id, person, name in connection.execute(query):
        found.setdefault(session_id, []).append({"id": str(person), "name": name})
    return found


def _memos(connection: Connection, today: dt.date) -> Iterator[Item]:
    """Give the memos of confirmed runs that are to go out within the week, or to be made again."""
    table = gate_memos.c
    to_send = (table.state == "draft") & (table.due_on <= today + RUNS_OUT_WITHIN)
    query = (
        select(gate_memos, *_WITH_PLACE)
        .join_from(gate_memos, runs, runs.c.id == table.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(runs.c.state == "confirmed", to_send | table.state.in_(_TO_MAKE_AGAIN))
    )
    for row in connection.execute(query):
        first = first_date(row.content, today)
        if first >= today:
            yield {
                "memo": str(row.id),
                "run": str(row.run_id),
                "enquiry": row.enquiry,
                "establishment": _place(row),
                "state": row.state,
                "first_date": first.isoformat(),
                "date": row.due_on.isoformat(),
                "by": row.made_by,
            }


def _memos_to_make(connection: Connection, today: dt.date) -> Iterator[Item]:
    """Give the confirmed runs without any memo whose day for it has come, or comes within the week."""
    until = today + PAPERS_AHEAD
    end = dt.datetime.combine(until, dt.time(), dt.UTC) + dt.timedelta(days=1)
    begin = dt.datetime.combine(today, dt.time(), dt.UTC) - dt.timedelta(days=1)
    has_one = select(gate_memos.c.run_id).where(gate_memos.c.session_id.is_(None), gate_memos.c.state != "replaced")
    place = (*_WITH_PLACE, establishments.c.nation, establishments.c.memo_lead_days)
    query = (
        select(runs.c.id, *place, func.min(sessions.c.date).label("first"))
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(runs.c.state == "confirmed", runs.c.mode == "in_person", sessions.c.state == "planned")
        .where(sessions.c.starts_at >= begin, sessions.c.starts_at < end, sessions.c.date >= today)
        .where(runs.c.id.not_in(has_one))
        .group_by(runs.c.id, *place)
    )
    for row in connection.execute(query):
        due = due_on(row.first, row.memo_lead_days, bank_holidays_in(row.nation))
        if due <= today + RUNS_OUT_WITHIN:
            yield {
                "memo": None,
                "run": str(row.id),
                "enquiry": row.enquiry,
                "establishment": _place(row),
                "state": "not_made",
                "first_date": row.first.isoformat(),
                "date": due.isoformat(),
            }


@dataclass
class _Ahead:
    """What the rules say of who leads the sessions of held and confirmed runs in the weeks ahead.

    `short` are sessions without enough facilitators, by rule H4. `shut_out` has by facilitator and establishment the
    sessions that somebody is to lead and cannot get in to, by rule H3, each with why.
    """

    establishments: Mapping[str, Establishment]
    short: list[Item] = field(default_factory=list)
    shut_out: dict[tuple[UUID, str], list[tuple[Session, str]]] = field(default_factory=dict)


def _look_ahead(connection: Connection, now: dt.datetime, today: dt.date) -> _Ahead:
    """Put the rules to the sessions ahead that are not plainly in order, which are few among thousands."""
    between = today, today + LOOKED_AHEAD
    planned = (sessions.c.state == "planned", sessions.c.starts_at > now, runs.c.state.in_(BOOKED))
    # Without their dates: for each more condition the database expects fewer of the thousands that are gone through.
    doubtful = _not_plainly_in_order(_near(*between).where(*planned))
    query = _dated(*between).where(*planned, sessions.c.id.in_(doubtful))
    rows = {row.id: row for row in connection.execute(query)}
    teams, by_run = _teams(connection, list(rows)), dict[UUID, list[Session]]()
    for row in rows.values():
        by_run.setdefault(row.run_id, []).append(session_in(row, tuple(teams.get(row.id, ()))))
    of_runs = {
        row.id: row for row in connection.execute(select(*with_known_ids(runs)).where(runs.c.id.in_(list(by_run))))
    }
    together = load_together(connection, by_run, of_runs, who_only=True)
    ahead = _Ahead(together.establishments)
    for run_id, those in by_run.items():
        facts = together.facts_of(of_runs[run_id], those)
        for session in those:
            _note_short(ahead, rows[session.id], session, facts)
            _note_shut_out(ahead, session, facts)
    return ahead


def _note_short(ahead: _Ahead, row: AnyRow, session: Session, facts: Facts) -> None:
    breach = enough_facilitators(session, facts)
    if breach is not None:
        lacks = facts.programme.min_facilitators - len(set(session.facilitator_ids))
        ahead.short.append({**_session(row), "lacks": lacks, "why": breach.why})


def _note_shut_out(ahead: _Ahead, session: Session, facts: Facts) -> None:
    for person in dict.fromkeys(session.facilitator_ids):
        breach = clearance_covers_every_session(session, person, facts)
        if breach is not None:
            pair = person, facts.establishment.id
            ahead.shut_out.setdefault(pair, []).append((session, breach.why))


def _not_plainly_in_order(planned: Any) -> Any:
    """Select of some sessions those with too few people (H4), or with somebody whom no clearance lets in (H3).

    The rules have the last word on these; of all others they would say nothing.
    """
    person, cleared = assignments.c.facilitator_id, clearances.c.facilitator_id
    here = (cleared == person) & (clearances.c.establishment_id == runs.c.establishment_id)
    on_it, let_in = func.count(person.distinct()), func.count(cleared.distinct())
    return (
        planned.with_only_columns(sessions.c.id)
        .order_by(None)
        .join(programmes)
        .outerjoin(assignments, assignments.c.session_id == sessions.c.id)
        .outerjoin(clearances, here & opens_the_gate(sessions.c.date))
        .group_by(sessions.c.id, programmes.c.min_facilitators, runs.c.mode)
        .having((on_it < programmes.c.min_facilitators) | ((runs.c.mode != "remote") & (let_in < on_it)))
    )


def _teams(connection: Connection, session_ids: list[UUID]) -> dict[UUID, list[UUID]]:
    query = (
        select(known_id(assignments.c.session_id), known_id(assignments.c.facilitator_id))
        .where(assignments.c.session_id.in_(session_ids))
        .order_by(assignments.c.session_id, assignments.c.place)
    )
    teams: dict[UUID, list[UUID]] = {}
    for session_id, person in connection.execute(query):
        teams.setdefault(session_id, []).append(person)
    return teams


def _clearances(connection: Connection, ahead: _Ahead, today: dt.date) -> Iterator[Item]:
    """Give who is shut out of a session they are to lead, and whose clearance ends soon; each with each place once."""
    shut_out = ahead.shut_out
    held = (each for each in load_cleared(connection, today, today + SOON) if each.what == "clearance")
    ending = {
        (each.facilitator_id, each.of): each.valid_until
        for each in endings(held)
        if today <= each.valid_until <= today + SOON
    }
    pairs = {*shut_out, *ending}
    names = _names(connection, {person for person, _ in pairs})
    for person, place in pairs:
        until, blocked = ending.get((person, place)), shut_out.get((person, place), [])
        first, why = min(((each.date, why) for each, why in blocked), default=(None, None))
        yield {
            "facilitator": {"id": str(person), "name": names[person]},
            "establishment": {"id": place, "name": ahead.establishments[place].name},
            "ends_on": until.isoformat() if until else None,
            "sessions": [str(each.id) for each, _ in blocked],
            "why": why,
            # The day by which something has to be done: whichever comes first.
            "date": min(on for on in (first, until) if on is not None).isoformat(),
        }


def _names(connection: Connection, people: set[UUID]) -> dict[UUID, str]:
    rows = connection.execute(select(facilitators.c.id, facilitators.c.name).where(facilitators.c.id.in_(people)))
    return {row.id: row.name for row in rows}


def _kit(connection: Connection, today: dt.date) -> Iterator[Item]:
    """Give what establishments were asked about and have not answered, by the next session there, if there is one."""
    table = kit_approvals.c
    query = (
        select(kit_approvals, establishments.c.name.label("place"))
        .join_from(kit_approvals, establishments, establishments.c.id == table.establishment_id)
        .where(table.state == "requested")
    )
    asked = connection.execute(query).all()
    next_there = _next_sessions(connection, {row.establishment_id for row in asked}, today)
    for row in asked:
        since, following = day_in_london(row.at), next_there.get(row.establishment_id)
        yield {
            "item": row.item,
            "establishment": _place(row),
            "asked_on": since.isoformat(),
            "next_session": following.isoformat() if following else None,
            "date": since.isoformat(),
            "by": row.by,
        }


def _next_sessions(connection: Connection, places: set[str], today: dt.date) -> dict[str, dt.date]:
    begin = dt.datetime.combine(today, dt.time(), dt.UTC) - dt.timedelta(days=1)
    query = (
        select(runs.c.establishment_id, func.min(sessions.c.date).label("following"))
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .where(runs.c.establishment_id.in_(places), runs.c.state.in_(BOOKED), runs.c.mode == "in_person")
        .where(sessions.c.state == "planned", sessions.c.starts_at >= begin, sessions.c.date >= today)
        .group_by(runs.c.establishment_id)
    )
    return {row.establishment_id: row.following for row in connection.execute(query)} if places else {}


def _offers(connection: Connection) -> Iterator[Item]:
    query = (
        select(offers, facilitators.c.name, *_WITH_PLACE)
        .join_from(offers, runs, runs.c.id == offers.c.run_id)
        .join(facilitators, facilitators.c.id == offers.c.facilitator_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(offers.c.state == "open")
    )
    for row in connection.execute(query):
        yield {
            "offer": str(row.id),
            "run": str(row.run_id),
            "enquiry": row.enquiry,
            "facilitator": {"id": str(row.facilitator_id), "name": row.name},
            "sessions": list(row.session_ids),
            "establishment": _place(row),
            "answer_by": row.answer_by.isoformat(),
            "date": day_in_london(row.answer_by).isoformat(),
            "by": row.made_by,
        }


def _holds(connection: Connection, today: dt.date) -> Iterator[Item]:
    """Give the holds that have the time and run out within the week; one that waits has no last day of its own."""
    soon = (holds.c.state == "active") & (holds.c.rank == 1) & (holds.c.expires_on <= today + RUNS_OUT_WITHIN)
    query = (
        select(holds, *_WITH_PLACE)
        .join_from(holds, runs, runs.c.id == holds.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(soon)
    )
    for row in connection.execute(query):
        yield {
            "hold": str(row.id),
            "run": str(row.run_id),
            "enquiry": row.enquiry,
            "establishment": _place(row),
            "date": row.expires_on.isoformat(),
            "by": row.placed_by,
        }


def registers(connection: Connection, now: dt.datetime, facilitator_id: UUID | None = None) -> Iterator[Item]:
    """Give the sessions that are over and of which nobody put down what became of them, or how many came.

    Of those that one facilitator leads, or of all.
    """
    today = day_in_london(now)
    over = _dated(today - LOOKED_BACK, today).where(sessions.c.ends_at <= now, runs.c.state.in_(_IN_FORCE))
    if facilitator_id is not None:
        over = over.where(sessions.c.id.in_(led_by(facilitator_id)))
    counted = select(attendance.c.session_id).where(attendance.c.session_id == sessions.c.id).exists()
    unsaid = (sessions.c.state == "planned") | (sessions.c.state.in_(sorted(DONE)) & ~counted)
    for row in connection.execute(over.where(unsaid)):
        yield {**_session(row), "lacks": "outcome" if row.state == "planned" else "attendance"}
