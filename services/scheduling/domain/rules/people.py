"""The rules about who leads a session: H3, H4, H5 and H7."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.facilitators import Facilitator, WorkingHours
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.runs import Breach, Session
from services.scheduling.domain.words import WEEKDAYS, counted, in_words, listed

WITHDRAWN = frozenset({"suspended", "refused"})
"""States of a clearance that no escort makes up for."""


def clearance_covers_every_session(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H3: a clearance the facilitator holds for the establishment covers the session's own date, to its end.

    It has to be granted, on the gate's list, of at least the level asked for, and with a CTC check where the place asks
    for one. Each prison decides on entry itself (prisonerseducation.org.uk), so what counts is this establishment on
    that date, not anywhere, today. Without one, or as an escorted visitor, someone may come in on a date for which the
    establishment has agreed to escort them. A remote session needs none.
    """
    if facts.is_remote:
        return None
    place, held = facts.establishment, facts.clearances_of(facilitator_id)
    if any(_opens(each, session.date, place) for each in held):
        return None
    current = [each for each in held if each.valid_from <= session.date <= each.valid_until]
    withdrawn = any(each.state in WITHDRAWN for each in current)
    if (facilitator_id, session.date) in facts.escorts and not withdrawn:
        return None
    name = facts.name_of(facilitator_id)
    why = _why_not_cleared(session.date, name, place, held, current)
    return Breach("H3", "clearance_covers_every_session", why, facilitator_id)


def enough_facilitators(session: Session, facts: Facts) -> Breach | None:
    """H4: at least the programme's smallest number of facilitators, counting each person once."""
    have, need = len(set(session.facilitator_ids)), facts.programme.min_facilitators
    if have >= need:
        return None
    cleared = "" if facts.is_remote else f" with clearance for {facts.establishment.name}"
    return Breach(
        "H4",
        "enough_facilitators",
        f"{facts.programme.name} needs {counted(need, 'facilitator')} and the session on {in_words(session.date)} "
        f"has {have or 'none'}. Adding {need - have} more{cleared} would mend it.",
    )


def accreditations_are_valid(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H5: each facilitator holds, on the session's date, every accreditation the programme asks of each."""
    person = facts.facilitators.get(facilitator_id)
    missing = [kind for kind in facts.programme.accreditations if not _holds(person, kind, session.date)]
    if person is None or not missing:
        return None
    return Breach(
        "H5",
        "accreditations_are_valid",
        f"{person.name} has no {listed(missing)} accreditation that is valid on {in_words(session.date)}, and "
        f"{facts.programme.name} asks it of each facilitator. Recording a renewal, or another facilitator, would "
        "mend it.",
        facilitator_id,
    )


def someone_holds_what_one_needs(session: Session, facts: Facts) -> Breach | None:
    """H5: at least one facilitator on the session holds each accreditation that one of them needs, such as NADA.

    A session that nobody is on yet is H4's to speak of.
    """
    people = [facts.facilitators.get(each) for each in session.facilitator_ids]
    needed = facts.programme.one_needs
    missing = [kind for kind in needed if not any(_holds(each, kind, session.date) for each in people)]
    if not people or not missing:
        return None
    return Breach(
        "H5",
        "someone_holds_what_one_needs",
        f"Nobody on the session on {in_words(session.date)} has a valid {listed(missing)} accreditation, and "
        f"{facts.programme.name} needs one person who has. Adding someone who holds it, or recording a renewal, would "
        "mend it.",
    )


def insurance_is_valid(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H5: the facilitator's insurance, where its end is on file, lasts through the session's date."""
    person = facts.facilitators.get(facilitator_id)
    if person is None or person.insured_until is None or session.date <= person.insured_until:
        return None
    return Breach(
        "H5",
        "insurance_is_valid",
        f"{person.name}'s insurance ends on {in_words(person.insured_until)}, before the session on "
        f"{in_words(session.date)}. Recording its renewal would mend it.",
        facilitator_id,
    )


def facilitator_is_not_on_leave(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H7: the facilitator has no leave on the session's date. Why they have is nobody's business."""
    person = facts.facilitators.get(facilitator_id)
    away = next((each for each in person.leave if each.covers(session.date)), None) if person else None
    if person is None or away is None:
        return None
    return Breach(
        "H7",
        "facilitator_is_not_on_leave",
        f"{person.name} is on leave on {in_words(session.date)}, until {in_words(away.last)}. Another facilitator for "
        "this session, or another date, would mend it.",
        facilitator_id,
    )


def facilitator_is_at_work(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H7: the session lies within the facilitator's working hours, where they have said any."""
    person = facts.facilitators.get(facilitator_id)
    if person is None or not person.hours or _is_within(session, person.hours):
        return None
    weekday = session.date.weekday()
    hours = [f"{each.start:%H:%M} to {each.end:%H:%M}" for each in _of_weekday(person.hours, weekday)]
    works = f"works {listed(hours)} on {WEEKDAYS[weekday]}s" if hours else f"does not work on {WEEKDAYS[weekday]}s"
    return Breach(
        "H7",
        "facilitator_is_at_work",
        f"{person.name} {works}, and the session on {in_words(session.date)} runs {session.start:%H:%M} to "
        f"{session.end:%H:%M}. Another facilitator or another time would mend it.",
        facilitator_id,
    )


def facilitator_is_active(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H7: the facilitator is active: not still being brought in, resting, or gone."""
    person = facts.facilitators.get(facilitator_id)
    if person is None or person.state == "active":
        return None
    now = {"onboarding": "is still being brought in", "resting": "is resting", "left": "has left"}[person.state]
    return Breach(
        "H7",
        "facilitator_is_active",
        f"{person.name} {now}, and is not to be asked for the session on {in_words(session.date)}. Marking them active "
        "once they are, or another facilitator, would mend it.",
        facilitator_id,
    )


def journey_is_within_the_limit(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H7: the establishment is no further from the facilitator's base than they travel, one way."""
    person = facts.facilitators.get(facilitator_id)
    if facts.is_remote or person is None or person.travel_limit_minutes is None:
        return None
    minutes = facts.travel.minutes(str(facilitator_id), facts.establishment.id)
    if minutes is None or minutes <= person.travel_limit_minutes:
        return None
    return Breach(
        "H7",
        "journey_is_within_the_limit",
        f"{facts.establishment.name} is {counted(minutes, 'minute')} from where {person.name} starts, for the session "
        f"on {in_words(session.date)} as for any, and they travel up to {person.travel_limit_minutes}. Another "
        "facilitator would mend it, or setting the travel time of this pair if it is shorter.",
        facilitator_id,
    )


def _opens(clearance: Clearance, on: dt.date, place: Establishment) -> bool:
    """Say whether a clearance lets its holder in by itself. An escorted visitor's never does."""
    checked = clearance.ctc or not place.ctc_required
    return clearance.level != "escorted_visitor" and checked and clearance.covers(on, place.required_level)


def _why_not_cleared(
    on: dt.date, name: str, place: Establishment, held: tuple[Clearance, ...], current: list[Clearance]
) -> str:
    """Say what is nearest to covering the date, in the order in which it is nearest."""
    subject = f"{name}'s clearance for {place.name}"
    strong = [each for each in held if each.reaches(place.required_level) and each.level != "escorted_visitor"]
    near = next((each for each in current if each in strong or each.state in WITHDRAWN), None)
    if near is not None:
        return _why_it_does_not_open(on, subject, near)
    if strong:
        return _why_other_dates(on, subject, strong)
    if held:
        return _why_too_low(on, subject, held[0].level, place)
    return (
        f"{name} has no clearance on file for {place.name}, so cannot yet come in on {in_words(on)}. "
        "A clearance from the prison would mend it."
    )


def _why_it_does_not_open(on: dt.date, subject: str, near: Clearance) -> str:
    reasons = {
        "applied": ("is applied for and not yet granted", "The prison's decision"),
        "suspended": ("is suspended", "The prison lifting that, or another facilitator,"),
        "refused": ("was refused", "Another facilitator"),
    }
    state, mend = reasons.get(near.state, ("lacks the CTC check that it asks for", "That check"))
    if near.state == "granted" and not near.site_access:
        state, mend = "is granted but not yet on the gate's list", "Being put on the list"
    return f"{subject} {state}, and the session is on {in_words(on)}. {mend} would mend it."


def _why_other_dates(on: dt.date, subject: str, strong: list[Clearance]) -> str:
    ends = max((each.valid_until for each in strong if each.valid_until < on), default=None)
    if ends:
        return (
            f"{subject} ends on {in_words(ends)}, before the session on {in_words(on)}. "
            "A renewal from the prison would mend it."
        )
    starts = in_words(min(each.valid_from for each in strong))
    return (
        f"{subject} starts on {starts}, after the session on {in_words(on)}. "
        "A later start or an earlier clearance would mend it."
    )


def _why_too_low(on: dt.date, subject: str, level: str, place: Establishment) -> str:
    if level == "escorted_visitor":
        return (
            f"{subject} is escorted visitor, and no escort is agreed for {in_words(on)}. The prison agreeing to escort "
            f"them that day, or a clearance of {_spoken(place.required_level)}, would mend it."
        )
    return (
        f"{subject} is {_spoken(level)}, and {_spoken(place.required_level)} is needed on {in_words(on)}. "
        "A clearance of that level from the prison would mend it."
    )


def _spoken(level: str) -> str:
    return level.replace("_", " ")


def _holds(person: Facilitator | None, kind: str, on: dt.date) -> bool:
    return person is not None and person.is_accredited(kind, on)


def _is_within(session: Session, hours: Iterable[WorkingHours]) -> bool:
    """Say whether the session lies in one stretch; two that meet are one."""
    reached: dt.time | None = None
    for each in _of_weekday(hours, session.date.weekday()):
        if reached is None or reached < each.start:
            began = each.start
            reached = each.end
        reached = max(reached, each.end)
        if began <= session.start and session.end <= reached:
            return True
    return False


def _of_weekday(hours: Iterable[WorkingHours], weekday: int) -> list[WorkingHours]:
    return sorted((each for each in hours if each.weekday == weekday), key=lambda each: each.start)
