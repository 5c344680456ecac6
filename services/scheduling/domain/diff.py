"""What a change would do, as plain data for those who decide on it, and the token by which a stale look is told."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import UUID

from services.scheduling.domain.changes import Cancel, Cascade, Change, Close, MakeUp
from services.scheduling.domain.changing import remedy_for, touched
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.making_anew import is_over
from services.scheduling.domain.outcomes import is_chargeable, notice_minutes, price_of_session
from services.scheduling.domain.planner import review
from services.scheduling.domain.preferences import warnings_of
from services.scheduling.domain.runs import Breach, Run, Session


@dataclass(frozen=True, slots=True)
class Person:
    """A facilitator, by name for the operator's eyes."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A session that is held at another time. Local dates and times."""

    number: int
    from_date: dt.date
    from_start: dt.time
    to_date: dt.date
    to_start: dt.time


@dataclass(frozen=True, slots=True)
class Fallen:
    """A session that does not take place, and whether it is charged by the rule. `pence` is the price of a session.

    `notice_minutes` is how long before its start this is told. Of a session that a reversal takes back nothing is
    charged, and it has no remedy.
    """

    session_id: UUID
    number: int
    date: dt.date
    start: dt.time
    remedy: str | None
    notice_minutes: int
    chargeable: bool
    pence: int | None


@dataclass(frozen=True, slots=True)
class Added:
    """A session that is put in, or that stands again."""

    number: int
    date: dt.date
    start: dt.time
    end: dt.time
    in_place_of: dt.date | None


@dataclass(frozen=True, slots=True)
class Shift:
    """Who comes to and who goes from a session."""

    number: int
    date: dt.date
    comes: tuple[Person, ...]
    goes: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a session does not keep: see `runs.Breach`."""

    number: int
    rule: str
    name: str
    why: str
    facilitator_id: UUID | None


@dataclass(frozen=True, slots=True)
class Memo:
    """A gate memo that has gone out, or was approved, and no longer says what is true."""

    id: UUID
    state: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Papers:
    """What surrounds a run on paper: memos that a change puts out of date, and kit it has to ask for again."""

    memos: tuple[Memo, ...] = ()
    kit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Who will be told. The contact is the one of the enquiry: their name and address are not known here.

    Ops is told of a gate memo that no longer says what is so, and of nothing else: it is ops who make the change.
    """

    facilitators: tuple[Person, ...] = ()
    contact_of: str | None = None
    ops: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """What a change would do to a run.

    `moved` to `people` are what becomes of its sessions; `new_breaches` are rules kept before and not after it,
    `mended` the other way; `clashes` are those of the new ones in which somebody, or the room, is elsewhere then.
    `calendars` are numbers of sessions whose entries, and reminders, are made anew: the same entry with its new time,
    or a cancelled or a new one. `charged_pence` is what is charged for sessions that fall out, by the rule, and None
    where the price is not known. `basis` names this very diff: see `basis_of`.
    """

    run_id: UUID
    kind: str
    cause: str | None
    party: str | None
    moved: tuple[Moved, ...]
    cancelled: tuple[Fallen, ...]
    added: tuple[Added, ...]
    people: tuple[Shift, ...]
    new_breaches: tuple[Broken, ...]
    mended: tuple[Broken, ...]
    warnings: tuple[str, ...]
    clashes: tuple[Broken, ...]
    told: Told
    papers: Papers
    calendars: Mapping[str, tuple[int, ...]]
    charged_pence: int | None
    sessions_before: int
    sessions_after: int
    last_before: dt.date | None
    last_after: dt.date | None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Several:
    """What the changes of several runs would do as one, and the token of them all."""

    diffs: tuple[Diff, ...]
    basis: str


IN_TWO_PLACES: Final[frozenset[str]] = frozenset({"H6", "H8"})
"""Rules that say somebody, or a room, is taken."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "dates": ("moved", "cancelled", "added", "calendars", "sessions_after", "last_after"),
    "people": ("people", "told"),
    "rules": ("new_breaches", "mended", "warnings"),
    "papers": ("papers",),
    "cost": ("charged_pence",),
}
"""What a basis tells apart, so that a stale one says what is another now."""


def compare(
    before: Run,
    after: Run,
    change: Change | None,
    *,
    kind: str,
    was: Facts,
    now_true: Facts,
    papers: Papers,
    now: dt.datetime,
) -> Diff:
    """Say what becomes of a run. `change` is None for a reversal, `was` and `now_true` are the facts before and after.

    The two differ where the change itself closes dates.
    """
    cause, party = why_of(change)
    fresh = touched(before, after)
    cancelled = _fallen(before, fresh, change, now_true, now)
    new, mended = _breaches(before, after, was, now_true, now)
    moved, added = _moved(before, fresh), _added(before, after, fresh)
    diff = Diff(
        run_id=before.id,
        kind=kind,
        cause=cause,
        party=party,
        moved=moved,
        cancelled=cancelled,
        added=added,
        people=_shifts(before, fresh, now_true),
        new_breaches=new,
        mended=mended,
        warnings=_warnings(before, after, was, now_true),
        clashes=tuple(each for each in new if each.rule in IN_TWO_PLACES),
        told=_told(before, after, fresh, now_true, papers),
        papers=papers,
        calendars=_calendars(before, fresh),
        charged_pence=_charged(cancelled),
        sessions_before=len(before.live),
        sessions_after=len(after.live),
        last_before=max((each.date for each in before.live), default=None),
        last_after=max((each.date for each in after.live), default=None),
    )
    return replace(diff, basis=basis_of(diff, before.version))


def why_of(change: Change | None) -> tuple[str | None, str | None]:
    """Give the cause of a change and on whose side it lies, where sessions fall out by it."""
    if isinstance(change, Cancel | Cascade | MakeUp | Close):
        return change.cause, change.party
    return None, None


def remedy_of(change: Change | None, session: Session) -> str | None:
    """Give what a change does about a session that falls out by it."""
    if isinstance(change, Close):
        return remedy_for(change, session)
    if isinstance(change, Cancel):
        return change.remedy
    return {Cascade: "cascade", MakeUp: "make_up"}.get(type(change))


def left_and_led(before: Run, after: Run) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """Give who has lost a session by a change, and who leads any after it."""
    led = dict.fromkeys(person for each in after.live for person in each.facilitator_ids)
    still = {each.id: each.facilitator_ids for each in after.live}
    left = dict.fromkeys(
        person for each in before.live for person in each.facilitator_ids if person not in still.get(each.id, ())
    )
    return tuple(left), tuple(led)


def basis_of(diff: Diff, version: int) -> str:
    """Give the token of a diff: the version of its run, and a hash of each part of what it says.

    What changes with every minute (the notice) and what is made up on the spot (ids of new sessions) is left out, so
    that the same change of the same run gives the same token until something that matters is another.
    """
    plain = asdict(diff)
    plain["cancelled"] = [{**each, "notice_minutes": None} for each in plain["cancelled"]]
    return "-".join([str(version), *(hashed([plain[name] for name in names]) for names in PARTS.values())])


def parts_apart(one: str, other: str) -> tuple[bool, list[str]]:
    """Say whether two tokens are of other versions of the run, and which parts of what they say differ."""
    ours, theirs = one.split("-"), other.split("-")
    if len(theirs) != len(ours):
        return True, list(PARTS)
    differ = [part for part, a, b in zip(PARTS, ours[1:], theirs[1:], strict=True) if a != b]
    return ours[0] != theirs[0], differ


def hashed(value: Any) -> str:
    """Give a short hash of plain data."""
    return hashlib.sha256(json.dumps(value, default=str, sort_keys=True).encode()).hexdigest()[:16]


def _moved(before: Run, fresh: Iterable[Session]) -> tuple[Moved, ...]:
    was = {each.id: each for each in before.live}
    return tuple(
        Moved(each.number, was[each.id].date, was[each.id].start, each.date, each.start)
        for each in _by_number(fresh)
        if each.is_live and each.id in was and was[each.id].starts_at() != each.starts_at()
    )


def _fallen(
    before: Run, fresh: Iterable[Session], change: Change | None, facts: Facts, now: dt.datetime
) -> tuple[Fallen, ...]:
    was = {each.id for each in before.live}
    return tuple(
        _fallen_one(each, change, facts, now) for each in _by_number(fresh) if not each.is_live and each.id in was
    )


def _fallen_one(session: Session, change: Change | None, facts: Facts, now: dt.datetime) -> Fallen:
    cause, party = why_of(change)
    notice = notice_minutes(session.starts_at(), now)
    return Fallen(
        session_id=session.id,
        number=session.number,
        date=session.date,
        start=session.start,
        remedy=remedy_of(change, session),
        notice_minutes=notice,
        chargeable=bool(cause and party) and is_chargeable(str(cause), str(party), notice),
        pence=price_of_session(facts.programme, facts.group_size),
    )


def _added(before: Run, after: Run, fresh: Iterable[Session]) -> tuple[Added, ...]:
    live = {each.id for each in before.live}
    dates = {each.id: each.date for each in after.sessions}
    return tuple(
        Added(each.number, each.date, each.start, each.end, dates.get(each.supersedes) if each.supersedes else None)
        for each in _by_number(fresh)
        if each.is_live and each.id not in live
    )


def _shifts(before: Run, fresh: Iterable[Session], facts: Facts) -> tuple[Shift, ...]:
    was = {each.id: each.facilitator_ids for each in before.sessions}
    pairs = [(each, was[each.id]) for each in _by_number(fresh) if each.is_live and each.id in was]
    return tuple(
        Shift(
            each.number,
            each.date,
            comes=_persons((who for who in each.facilitator_ids if who not in led), facts),
            goes=_persons((who for who in led if who not in each.facilitator_ids), facts),
        )
        for each, led in pairs
        if set(led) != set(each.facilitator_ids)
    )


def _breaches(
    before: Run, after: Run, was: Facts, now_true: Facts, now: dt.datetime
) -> tuple[tuple[Broken, ...], tuple[Broken, ...]]:
    """Give the breaches that come by a change, and those that go with it; sessions that are over are left alone."""
    earlier, later = _broken(before, was, now), _broken(after, now_true, now)
    coming = tuple(found for key, found in later.items() if key not in earlier)
    return coming, tuple(found for key, found in earlier.items() if key not in later)


def _warnings(before: Run, after: Run, was: Facts, now_true: Facts) -> tuple[str, ...]:
    """Give what a change makes less good without breaking a rule: what was as it is before says nothing new."""
    known = {each.why for each in warnings_of(before, was)}
    return tuple(each.why for each in warnings_of(after, now_true) if each.why not in known)


def _broken(run: Run, facts: Facts, now: dt.datetime) -> dict[tuple[int, str, str, UUID | None], Broken]:
    coming = {each.number for each in run.live if not is_over(each, now)}
    found = ((number, each) for number, those in sorted(review(run, facts).items()) for each in those)
    return {
        (number, each.rule, each.name, each.facilitator_id): _broken_one(number, each)
        for number, each in found
        if number in coming
    }


def _broken_one(number: int, breach: Breach) -> Broken:
    return Broken(number, breach.rule, breach.name, breach.why, breach.facilitator_id)


def _told(before: Run, after: Run, fresh: Iterable[Session], facts: Facts, papers: Papers) -> Told:
    """Say who hears of it: of a run that stands, whoever led or leads a session that is another; of others nobody."""
    if after.state != "confirmed":
        return Told()
    was = {each.id: each.facilitator_ids for each in before.sessions}
    people = (who for each in fresh for who in (*was.get(each.id, ()), *each.facilitator_ids))
    return Told(_persons(people, facts), contact_of=after.enquiry, ops=bool(papers.memos))


def _persons(ids: Iterable[UUID], facts: Facts) -> tuple[Person, ...]:
    known = [Person(each, facts.name_of(each)) for each in dict.fromkeys(ids)]
    return tuple(sorted(known, key=lambda each: (each.name, str(each.id))))


def _calendars(before: Run, fresh: Iterable[Session]) -> dict[str, tuple[int, ...]]:
    was = {each.id for each in before.live}
    found = _by_number(fresh)
    return {
        "updated": tuple(each.number for each in found if each.is_live and each.id in was),
        "cancelled": tuple(each.number for each in found if not each.is_live and each.id in was),
        "new": tuple(each.number for each in found if each.is_live and each.id not in was),
    }


def _charged(cancelled: Iterable[Fallen]) -> int | None:
    due = [each.pence for each in cancelled if each.chargeable]
    return None if None in due else sum(each or 0 for each in due)


def _by_number(those: Iterable[Session]) -> list[Session]:
    return sorted(those, key=lambda each: (each.number, each.date))
