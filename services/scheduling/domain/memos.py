"""Gate memos: who comes in when, with what, and when such a paper is out of date."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.kit import Packed
from services.scheduling.domain.runs import Run, Session
from services.scheduling.domain.words import in_words, listed
from shared.working_days import working_day_before

SENT: Final[frozenset[str]] = frozenset({"sent", "approved"})
"""States of a memo that the gate goes by."""

Content = Mapping[str, Any]
"""What a memo says, as JSON has it: see `content_of`."""
Entry = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who comes in, with their name as on their identity document and the number plate of their car."""

    id: UUID
    name: str
    vehicle: str | None = None


@dataclass(frozen=True, slots=True)
class Papers:
    """What a memo about a run is made of: who may come, what opens doors for them, what they bring."""

    visitors: Mapping[UUID, Visitor]
    packed: Sequence[Packed]
    clearances: Sequence[Clearance] = ()

    def visitor(self, person: UUID) -> Visitor:
        """Give a visitor; one who is not on file comes without a name, which the gate will ask about."""
        return self.visitors.get(person, Visitor(person, "A facilitator not on file"))


def content_of(run: Run, establishment: Establishment, papers: Papers, sessions: Iterable[Session]) -> dict[str, Any]:
    """Give what a memo says about some sessions of a run.

    That is `visits` (session, number, date, start, end, arrive_by, people as ids), `people` (id, name, vehicle, entry,
    dates) and `equipment` (item, quantity). `entry` is in words: keys, or an escort.
    """
    visits = [_visit(each, establishment) for each in sorted(sessions, key=lambda each: (each.date, each.start))]
    return {
        "reference": run.enquiry,
        "establishment": establishment.name,
        "visits": visits,
        "people": [_person(papers, person, visits) for person in _in_order(visits)],
        "equipment": [{"item": each.item, "quantity": each.quantity} for each in papers.packed],
    }


def _visit(session: Session, establishment: Establishment) -> dict[str, Any]:
    start = dt.datetime.combine(session.date, session.start)
    return {
        "session": str(session.id),
        "number": session.number,
        "date": session.date.isoformat(),
        "start": session.start.isoformat("minutes"),
        "end": session.end.isoformat("minutes"),
        "arrive_by": (start - dt.timedelta(minutes=establishment.report_minutes)).time().isoformat("minutes"),
        "people": [str(person) for person in session.facilitator_ids],
    }


def _in_order(visits: Sequence[Content]) -> list[UUID]:
    """Give everybody who comes, those first who come first."""
    return [UUID(person) for person in dict.fromkeys(person for visit in visits for person in visit["people"])]


def _person(papers: Papers, person: UUID, visits: Sequence[Content]) -> dict[str, Any]:
    dates = [visit["date"] for visit in visits if str(person) in visit["people"]]
    visitor = papers.visitor(person)
    return {
        "id": str(person),
        "name": visitor.name,
        "vehicle": visitor.vehicle,
        "entry": entry_of(person, [dt.date.fromisoformat(each) for each in dates], papers.clearances),
        "dates": dates,
    }


def entry_of(person: UUID, dates: Sequence[dt.date], clearances: Iterable[Clearance]) -> str:
    """Say how somebody gets about inside on some dates: with keys of their own, or with an escort."""
    held = [each for each in clearances if each.facilitator_id == person]
    keyed = [on for on in dates if any(_has_keys(each, on) for each in held)]
    if len(keyed) == len(dates):
        return "Draws keys"
    if not keyed:
        return "Escort needed"
    return f"Draws keys until {in_words(max(keyed))}; an escort on other dates"


def _has_keys(clearance: Clearance, on: dt.date) -> bool:
    until = clearance.keys_until
    return until is not None and on <= until and clearance.covers(on, clearance.level)


def entries(content: Content, since: dt.date | None = None) -> frozenset[Entry]:
    """Give what the gate goes by for each visit, on `since` and later: date, times, names with vehicles, items.

    Two memos with the same entries let the same people in, at the same times, with the same things. How somebody gets
    about inside, the host and the purpose are not among them: a change of those is no reason to turn anybody away.
    """
    return frozenset(
        entry
        for entry in entries_by_session(content).values()
        if since is None or dt.date.fromisoformat(entry[0]) >= since
    )


def entries_by_session(content: Content) -> dict[UUID, Entry]:
    """Give the entry of each visit of a memo: see `entries`."""
    people = {each["id"]: (each["name"], each["vehicle"] or "") for each in content["people"]}
    items = tuple(sorted((each["item"], each["quantity"]) for each in content["equipment"]))
    return {UUID(each["session"]): _entry(each, people, items) for each in content["visits"]}


def _entry(visit: Content, people: Mapping[str, tuple[str, str]], items: Entry) -> Entry:
    names = tuple(sorted(people[each] for each in visit["people"]))
    return visit["date"], visit["start"], visit["end"], names, items


def fingerprint_of(content: Content) -> str:
    """Give a mark that is another one as soon as a name, a vehicle, a date, a time or an item is."""
    return hashlib.sha256(json.dumps(sorted(entries(content))).encode()).hexdigest()


def still_holds(content: Content, now: Content, since: dt.date) -> bool:
    """Say whether a memo says of all visits to come what is so now."""
    return entries(content, since) == entries(now, since)


def due_on(first: dt.date, lead_days: int, holidays: Container[dt.date]) -> dt.date:
    """Give the day by which a paper about sessions from `first` on has to be there: so many working days before."""
    return working_day_before(first, lead_days, holidays)


def first_date(content: Content, since: dt.date) -> dt.date:
    """Give the first date of a memo that is to come; the last of all where none is."""
    dates = [dt.date.fromisoformat(visit["date"]) for visit in content["visits"]]
    return min((on for on in dates if on >= since), default=max(dates))


def amendment(content: Content, now: Content, since: dt.date) -> list[str]:
    """Say what is another now than a memo has it, a sentence for each: for a call to the gate on the same day."""
    was, is_now = _by_date(content, since), _by_date(now, since)
    said = [line for on in sorted(was | is_now) for line in _of_a_day(on, was.get(on), is_now.get(on))]
    return [*said, *_of_items(content, now)]


@dataclass(frozen=True, slots=True)
class _Day:
    times: str
    people: frozenset[str]


def _by_date(content: Content, since: dt.date) -> dict[dt.date, _Day]:
    return {
        dt.date.fromisoformat(on): _Day(f"{start} to {end}", frozenset(_with_vehicle(*each) for each in people))
        for on, start, end, people, _items in entries(content, since)
    }


def _with_vehicle(name: str, vehicle: str) -> str:
    return f"{name} (vehicle {vehicle})" if vehicle else name


def _of_a_day(on: dt.date, was: _Day | None, now: _Day | None) -> Iterator[str]:
    if now is None:
        yield f"{in_words(on)}: nobody comes."
    elif was is None:
        yield f"{in_words(on)}, {now.times}, is new: {listed(sorted(now.people))} come in."
    else:
        if now.times != was.times:
            yield f"{in_words(on)}: it is {now.times}, no longer {was.times}."
        if now.people != was.people:
            yield from _of_people(in_words(on), sorted(was.people - now.people), sorted(now.people - was.people))


def _of_people(on: str, gone: list[str], come: list[str]) -> Iterator[str]:
    if gone:
        yield f"{on}: without {listed(gone)}."
    if come:
        yield f"{on}: with {listed(come)}."


def _of_items(content: Content, now: Content) -> Iterator[str]:
    was, is_now = ({f"{each['quantity']} {each['item']}" for each in one["equipment"]} for one in (content, now))
    if was - is_now:
        yield f"No longer brought in: {listed(sorted(was - is_now))}."
    if is_now - was:
        yield f"Brought in: {listed(sorted(is_now - was))}."
