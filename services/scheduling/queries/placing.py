"""Where a new run could go: loading what can matter, and saying what was found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.commands import WEEKDAYS, FindSlots
from services.scheduling.domain.dates import days_on, longest_run
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.placing import Option, Wanted, WhyNot, in_words, nearest, options, why_not
from services.scheduling.domain.runs import Session
from services.scheduling.records import (
    load_establishment,
    load_facilitators,
    load_facts,
    load_programme,
    load_travel,
    load_who_might_enter,
)
from services.scheduling.tables import enquiries
from shared.errors import Refused

OTHERS = 8
"""How many without a clearance are looked at when nobody with one will do."""
WITHIN = dt.timedelta(weeks=12)
"""How far from the earliest start the latest lies, where nobody says."""


def find_slots(connection: Connection, asked: FindSlots, today: dt.date) -> dict[str, Any]:
    """Rank the slots and teams for one request, or explain by the fewest facts why there is none.

    Gives `{"wanted", "options": [...], "why_not": None}` or `{..., "options": [], "why_not": {...}}`. Raises `Refused`:
    "not_found" for an enquiry, establishment or programme that is not on file, "invalid" where something is missing.
    """
    request = _completed(connection, asked)
    establishment = load_establishment(connection, str(request.establishment))
    programme = load_programme(connection, str(request.programme))
    wanted = _wanted(request, today)
    might = None if request.mode == "remote" else load_who_might_enter(connection, establishment.id)
    between = (wanted.earliest, days_on(wanted.latest, longest_run(programme).days))

    def facts_of(people: Collection[UUID] | None) -> Facts:
        found = load_facts(connection, establishment, programme, people=people, between=between)
        return replace(found, mode=request.mode, group_size=request.group_size)

    facts = facts_of(might)
    found = options(wanted, facts, request.limit)
    answer = {"wanted": _request(request, wanted), "options": [_option(each, facts) for each in found]}
    if found:
        return {**answer, "why_not": None}
    if might is not None:
        facts = facts_of(might | _nearest_others(connection, facts, might))
    return {**answer, "why_not": _why_not(why_not(wanted, facts), facts)}


def _nearest_others(connection: Connection, facts: Facts, might: set[UUID]) -> set[UUID]:
    """Give the few without a clearance who are nearest to being able: a request to the prison would be about them."""
    everyone = load_facilitators(connection)
    travel = load_travel(connection, [facts.establishment.id], everyone)
    others = [person for person in everyone.values() if person.id not in might]
    return {each.id for each in nearest(others, travel, facts.establishment, facts.programme)[:OTHERS]}


def _completed(connection: Connection, asked: FindSlots) -> FindSlots:
    """Fill in what is not said from what the enquiry asks for."""
    known: Mapping[str, Any] = {}
    if asked.enquiry is not None:
        row = connection.execute(select(enquiries).where(enquiries.c.reference == asked.enquiry)).first()
        if row is None:
            why = f"Nothing is known here of an enquiry {asked.enquiry}. `keytalk enquiries list` shows them."
            raise Refused("not_found", why, {"enquiry": [why]})
        known = dict(row._mapping)
    request = replace(
        asked,
        establishment=asked.establishment or known.get("establishment_id"),
        programme=asked.programme or known.get("programme") or None,
        earliest=asked.earliest or known.get("preferred_start"),
        weekday=asked.weekday or known.get("preferred_weekday"),
        window=asked.window or known.get("preferred_window"),
        group_size=asked.group_size if asked.group_size is not None else known.get("group_size"),
    )
    missing = [name for name in ("establishment", "programme") if getattr(request, name) is None]
    if missing:
        words = {name: [f"Say which {name} it is for: the enquiry does not say."] for name in missing}
        raise Refused("invalid", "Some of this needs a change.", words)
    return request


def _wanted(request: FindSlots, today: dt.date) -> Wanted:
    earliest = max(request.earliest or today, today)
    latest = request.latest or days_on(earliest, WITHIN.days)
    weekday = WEEKDAYS.index(request.weekday) if request.weekday else None
    try:
        return Wanted(earliest, latest, weekday, request.window)
    except ValueError as error:
        field, _colon, sentence = str(error).partition(": ")
        raise Refused("invalid", sentence, {field: [sentence]}) from None


def _request(request: FindSlots, wanted: Wanted) -> dict[str, Any]:
    return {
        "enquiry": request.enquiry,
        "establishment": request.establishment,
        "programme": request.programme,
        "earliest": wanted.earliest.isoformat(),
        "latest": wanted.latest.isoformat(),
        "weekday": request.weekday,
        "window": request.window,
        "mode": request.mode,
        "group_size": request.group_size,
    }


def _option(option: Option, facts: Facts) -> dict[str, Any]:
    first, last = option.sessions[0], option.sessions[-1]
    return {
        "start": option.slot.start.isoformat(),
        "weekday": WEEKDAYS[first.date.weekday()],
        "window": option.slot.window,
        "time": f"{first.start:%H:%M}-{first.end:%H:%M}",
        "first_session": first.date.isoformat(),
        "last_session": last.date.isoformat(),
        "skipped": [{"date": each.date.isoformat(), "why": each.why} for each in option.skipped],
        "facilitators": _team(option.team, facts),
        "points": round(option.points, 1),
        "trade_offs": [
            {"code": each.code, "points": round(each.points, 1), "why": each.why} for each in option.trade_offs
        ],
        "dates": [each.date.isoformat() for each in option.sessions],
    }


def _why_not(found: WhyNot, facts: Facts) -> dict[str, Any]:
    return {
        "in_words": in_words(found, facts),
        "closest": _closest(found.sessions, found.team, facts),
        "obstacles": [
            {
                "rule": each.rule,
                "name": each.name,
                "facilitator": str(each.facilitator_id) if each.facilitator_id else None,
                "sessions": list(each.sessions),
                "why": each.why,
            }
            for each in found.obstacles
        ],
        "levers": found.levers,
        "first_start": found.first_start.isoformat() if found.first_start else None,
    }


def _closest(sessions: tuple[Session, ...], team: tuple[UUID, ...], facts: Facts) -> dict[str, Any] | None:
    if not sessions:
        return None
    first = sessions[0]
    return {
        "first_session": first.date.isoformat(),
        "last_session": sessions[-1].date.isoformat(),
        "time": f"{first.start:%H:%M}-{first.end:%H:%M}",
        "facilitators": _team(team, facts),
    }


def _team(team: tuple[UUID, ...], facts: Facts) -> list[dict[str, str]]:
    return [{"id": str(person), "name": facts.name_of(person)} for person in team]
