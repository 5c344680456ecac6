"""Who could lead a session that lost someone: a ranked list, and for everyone else every reason they cannot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.facts import Booking, Facts
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.rules import breaches_of_assignment, someone_holds_what_one_needs
from services.scheduling.domain.runs import Breach, Run, Session
from services.scheduling.domain.words import counted, in_words, listed


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be counted about someone for one session; None where nobody knows or it does not matter.

    `travel_minutes` is one way from their base. `sessions_that_week` are those in prisons from Monday to Sunday, this
    one not among them. `clearance_days` is how long their clearance lasts beyond the session. `sessions_around` is how
    much they have taken on, anywhere, in the days about it: eight before and eight after.
    """

    led_before: int
    qualifications: tuple[str, ...]
    travel_minutes: int | None
    sessions_that_week: int
    weekly_limit: int
    clearance_days: int | None
    sessions_around: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could lead the session, and what speaks for and against it in plain words."""

    facilitator_id: UUID
    name: str
    figures: Figures
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    """Somebody who cannot lead the session, and every reason why. The sentences are for the operator's eyes."""

    facilitator_id: UUID
    name: str
    figures: Figures
    reasons: tuple[Breach, ...]


@dataclass(frozen=True, slots=True)
class CoverList:
    """Everybody on file for one session: those who can, the best first, and those who cannot, the nearest first."""

    can: tuple[Candidate, ...]
    cannot: tuple[Excluded, ...]


def cover_for(session: Session, run: Run, facts: Facts, came_off: Collection[UUID] = ()) -> CoverList:
    """Rank everybody on file for a session of a run. `came_off` are those who led it and came off it.

    Who can comes first by: having led an earlier session of this run (the group knows them); more of what the
    programme asks one of its team to hold; less travel; a smaller part of their weekly limit taken up; a clearance that
    lasts longer; fewer sessions in the days about it (fair share); name. Who cannot goes by the number of reasons, then
    travel, then name. What nobody knows counts as the least good.
    """
    can, cannot = [], []
    for person, known in facts.facilitators.items():
        figures = figures_of(person, session, run, facts)
        reasons = why_not(session, person, facts, came_off)
        if reasons:
            cannot.append(Excluded(person, known.name, figures, reasons))
        else:
            can.append(Candidate(person, known.name, figures, _what_speaks(figures, session)))
    return CoverList(tuple(sorted(can, key=_best_first)), tuple(sorted(cannot, key=_nearest_first)))


def why_not(session: Session, person: UUID, facts: Facts, came_off: Collection[UUID] = ()) -> tuple[Breach, ...]:
    """Give every reason why somebody cannot come onto a session, none where they can: rules H3 to H7, and these.

    Whoever leads it already cannot come onto it, nor whoever came off it. Where nobody else on the session holds what
    one of them needs (H5), whoever comes has to.
    """
    with_them = replace(session, facilitator_ids=(*session.facilitator_ids, person))
    found = (
        _leads_it_already(session, person, facts),
        _came_off_it(person, facts, came_off),
        *breaches_of_assignment(session, person, facts),
        someone_holds_what_one_needs(with_them, facts),
    )
    return tuple(each for each in found if each)


def figures_of(person: UUID, session: Session, run: Run, facts: Facts) -> Figures:
    """Count what the ranking goes by."""
    known = facts.facilitators[person]
    mine = [each for each in run.live if person in each.facilitator_ids and each.id != session.id]
    week = _week_of(session.date)
    elsewhere = facts.bookings_of(person)
    that_week = [each for each in elsewhere if each.in_prison and _day_of(each, session) in week]
    own_week = [each for each in mine if each.date in week and not facts.is_remote]
    around = [each for each in mine if abs((each.date - session.date).days) <= 8]
    return Figures(
        led_before=sum(each.date < session.date for each in mine),
        qualifications=_qualifications(person, session.date, facts),
        travel_minutes=_travel(person, facts),
        sessions_that_week=len(that_week) + len(own_week),
        weekly_limit=known.max_sessions_a_week,
        clearance_days=_clearance_days(person, session.date, facts),
        sessions_around=len(elsewhere) + len(around),
    )


def is_gap(session: Session, instead_of: UUID | None, programme: Programme) -> bool:
    """Say whether a session needs somebody: it has too few people, or still has the one who is to be replaced."""
    people = set(session.facilitator_ids)
    return len(people) < programme.min_facilitators or instead_of in people


def _leads_it_already(session: Session, person: UUID, facts: Facts) -> Breach | None:
    if person not in session.facilitator_ids:
        return None
    why = f"{facts.name_of(person)} leads this session already."
    return Breach("on_it", "facilitator_is_not_on_it_yet", why, person)


def _came_off_it(person: UUID, facts: Facts, came_off: Collection[UUID]) -> Breach | None:
    if person not in came_off:
        return None
    why = f"{facts.name_of(person)} came off this session. If that is no longer so, reverse that change."
    return Breach("came_off", "facilitator_did_not_come_off_it", why, person)


def _qualifications(person: UUID, on: dt.date, facts: Facts) -> tuple[str, ...]:
    programme = facts.programme
    asked = dict.fromkeys((*programme.accreditations, *programme.one_needs, programme.slug))
    return tuple(kind for kind in asked if facts.facilitators[person].is_accredited(kind, on))


def _travel(person: UUID, facts: Facts) -> int | None:
    if facts.is_remote:
        return 0
    return facts.travel.minutes(str(person), facts.establishment.id)


def _clearance_days(person: UUID, on: dt.date, facts: Facts) -> int | None:
    held = facts.clearances_of(person)
    opens = [each.valid_until for each in held if each.covers(on, facts.establishment.required_level)]
    return (max(opens) - on).days if opens else None


def _week_of(on: dt.date) -> frozenset[dt.date]:
    monday = on - dt.timedelta(days=on.weekday())
    return frozenset(monday + dt.timedelta(days=day) for day in range(7))


def _day_of(booking: Booking, session: Session) -> dt.date:
    return booking.starts_at.astimezone(ZoneInfo(session.zone)).date()


def _what_speaks(figures: Figures, session: Session) -> tuple[str, ...]:
    said = [
        f"has led {counted(figures.led_before, 'earlier session')} of this run" if figures.led_before else None,
        f"holds {listed(figures.qualifications)}" if figures.qualifications else None,
        "nobody has said where they start from" if figures.travel_minutes is None else None,
        f"{counted(figures.travel_minutes, 'minute')} to travel" if figures.travel_minutes else None,
        f"{counted(figures.sessions_that_week, 'other session')} in prisons that week, {figures.weekly_limit} at most",
        _how_long_cleared(figures, session.date),
    ]
    return tuple(each for each in said if each)


def _how_long_cleared(figures: Figures, on: dt.date) -> str | None:
    if figures.clearance_days is None:
        return None
    return f"cleared until {in_words(on + dt.timedelta(days=figures.clearance_days))}"


def _best_first(candidate: Candidate) -> tuple[object, ...]:
    figures = candidate.figures
    return (
        not figures.led_before,
        -len(figures.qualifications),
        *_least_first(figures.travel_minutes),
        figures.sessions_that_week / max(1, figures.weekly_limit),
        *_most_first(figures.clearance_days),
        figures.sessions_around,
        candidate.name,
        str(candidate.facilitator_id),
    )


def _nearest_first(excluded: Excluded) -> tuple[object, ...]:
    travel = _least_first(excluded.figures.travel_minutes)
    return (len(excluded.reasons), *travel, excluded.name, str(excluded.facilitator_id))


def _least_first(number: int | None) -> tuple[bool, int]:
    return number is None, number or 0


def _most_first(number: int | None) -> tuple[bool, int]:
    return number is None, -(number or 0)
