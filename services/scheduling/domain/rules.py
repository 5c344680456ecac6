"""The hard rules of scheduling: one function a rule, each a sentence that is true when all is well.

Each takes the plain facts of one session and gives the `Breach`, or None when the rule is kept. The codes H1
to H10 are the project's own numbering of its rules; the sentences are for the person who plans.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from services.scheduling.domain.calendar import EstablishmentCalendar, Regime
from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.facts import Booking, Facts
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Breach, Session
from services.scheduling.domain.words import WEEKDAYS, counted, in_words, listed

EXIT_AND_REPORT: Final = dt.timedelta(minutes=30 + 60)
"""Half an hour to leave one establishment and an hour to report at the next; travel comes on top.

The hour is for the gate (foppweb.co.uk, getting into the prison); both are this project's defaults.
"""


def breaches_of(session: Session, facts: Facts, previous: Session | None = None) -> tuple[Breach, ...]:
    """Put every rule to one session; `previous` is the session numbered before it in its run."""
    found = [
        establishment_is_active(facts.establishment),
        session_fits_the_regime_window(
            session, facts.establishment, facts.programme, facts.calendar.regime_on(session.date)
        ),
        date_is_open(session, facts.establishment, facts.calendar),
        enough_facilitators(session, facts.establishment, facts.programme),
        sessions_in_order(session, previous),
    ]
    for person in dict.fromkeys(session.facilitator_ids):
        found += breaches_of_assignment(session, person, facts)
    return tuple(breach for breach in found if breach)


def breaches_of_assignment(session: Session, facilitator_id: UUID, facts: Facts) -> tuple[Breach, ...]:
    """Put the rules about one facilitator to one session, whether assigned already or only considered."""
    name = facts.name_of(facilitator_id)
    found = (
        clearance_covers_every_session(session, name, facts.establishment, facts.clearances_of(facilitator_id)),
        facilitator_is_in_one_place(session, name, facts.establishment, facts.bookings_of(facilitator_id)),
    )
    return tuple(breach for breach in found if breach)


def establishment_is_active(establishment: Establishment) -> Breach | None:
    """Keep runs to establishments that are open to them; a planned date elsewhere stands with this breach."""
    if establishment.active:
        return None
    return Breach(
        "active",
        "establishment_is_active",
        f"{establishment.name} is marked as not active. Marking it active, or another establishment, would mend it.",
    )


def session_fits_the_regime_window(
    session: Session, establishment: Establishment, programme: Programme, regime: Regime
) -> Breach | None:
    """H1: the session lies inside one of the establishment's windows for that weekday.

    A daily programme may use the whole day, lunch included; a weekly one may not run over lunch, when people
    in prison are behind their doors.
    """
    weekday = session.date.weekday()
    windows = regime.on(weekday)
    day = regime.window(weekday, "day") if programme.cadence == "daily" else None
    if any(each.contains(session.start, session.end) for each in (*windows, day) if each):
        return None
    if not windows:
        why = f"{establishment.name} has no times on file for {WEEKDAYS[weekday]}s. Adding its regime"
    else:
        hours = listed([str(each) for each in windows])
        why = (
            f"The session on {in_words(session.date)} runs {session.start:%H:%M} to {session.end:%H:%M}, and "
            f"{establishment.name} is open {hours} on {WEEKDAYS[weekday]}s. "
            "Another window or weekday"
        )
    return Breach("H1", "session_fits_the_regime_window", f"{why} would mend it.")


def date_is_open(session: Session, establishment: Establishment, calendar: EstablishmentCalendar) -> Breach | None:
    """H2: the date is no bank holiday of the establishment's division and in none of its blackouts.

    HMPPS activities do not run on bank holidays by default (hmpps-activities-management-api).
    """
    reason = calendar.closed_on(session.date)
    if reason is None:
        return None
    return Breach(
        "H2",
        "date_is_open",
        f"{establishment.name} is closed on {in_words(session.date)}: {reason}. Another date would mend it.",
    )


def clearance_covers_every_session(
    session: Session, facilitator: str, establishment: Establishment, clearances: Iterable[Clearance]
) -> Breach | None:
    """H3: a clearance the facilitator holds for the establishment covers the session's own date.

    `clearances` are that facilitator's for that establishment. Each prison decides on entry itself
    (prisonerseducation.org.uk), so what counts is this establishment on that date, not anywhere, today.
    """
    held = tuple(clearances)
    if any(each.covers(session.date, establishment.required_level) for each in held):
        return None
    why = _why_not_covered(session.date, f"{facilitator}'s clearance for {establishment.name}", establishment, held)
    why = why or (
        f"{facilitator} has no clearance on file for {establishment.name}, so cannot yet come in on "
        f"{in_words(session.date)}. A clearance from the prison would mend it."
    )
    return Breach("H3", "clearance_covers_every_session", why)


def enough_facilitators(session: Session, establishment: Establishment, programme: Programme) -> Breach | None:
    """H4: at least the programme's smallest number of facilitators, counting each person once."""
    have, need = len(set(session.facilitator_ids)), programme.min_facilitators
    if have >= need:
        return None
    return Breach(
        "H4",
        "enough_facilitators",
        f"{programme.name} needs {counted(need, 'facilitator')} and the session on {in_words(session.date)} "
        f"has {have or 'none'}. Adding {need - have} more with clearance for {establishment.name} "
        "would mend it.",
    )


def facilitator_is_in_one_place(
    session: Session, facilitator: str, establishment: Establishment, bookings: Iterable[Booking]
) -> Breach | None:
    """H6: none of the facilitator's other confirmed sessions overlaps this one.

    Between two establishments there must also be time to leave one and report at the other
    (`EXIT_AND_REPORT`); travel time is not known here and comes on top.
    """
    start, end = session.starts_at(), session.ends_at()
    clash = next((each for each in bookings if _clashes(start, end, establishment, each)), None)
    if clash is None:
        return None
    return Breach(
        "H6",
        "facilitator_is_in_one_place",
        f"{facilitator} is booked for {clash.what}, too close to the session on {in_words(session.date)} at "
        f"{session.start:%H:%M}. Another facilitator or another time would mend it.",
    )


def sessions_in_order(session: Session, previous: Session | None) -> Breach | None:
    """H10: each session of a run falls on a later day than the one numbered before it."""
    if previous is None or session.date > previous.date:
        return None
    same = "the same day as" if session.date == previous.date else "before"
    return Breach(
        "H10",
        "sessions_in_order",
        f"Session {session.number} on {in_words(session.date)} is {same} session {previous.number}. "
        f"A date after {in_words(previous.date)} would mend it.",
    )


def _why_not_covered(
    on: dt.date, subject: str, establishment: Establishment, held: tuple[Clearance, ...]
) -> str | None:
    """Say what is nearest to covering the date: a lapsed clearance, one to come, one of a lower level."""
    strong = [each for each in held if each.reaches(establishment.required_level)]
    ends = max((each.valid_until for each in strong if each.valid_until < on), default=None)
    if ends:
        return f"{subject} ends on {in_words(ends)}, before this session. A renewal from the prison would mend it."
    if strong:
        starts = in_words(min(each.valid_from for each in strong))
        return f"{subject} starts on {starts}, after this session. A later start or an earlier clearance would mend it."
    if held:
        needed = _spoken(establishment.required_level)
        return (
            f"{subject} is {_spoken(held[0].level)}, and {needed} is needed on {in_words(on)}. "
            "A clearance of that level from the prison would mend it."
        )
    return None


def _spoken(level: str) -> str:
    return level.replace("_", " ")


def _clashes(start: dt.datetime, end: dt.datetime, establishment: Establishment, booking: Booking) -> bool:
    gap = dt.timedelta(0) if booking.establishment_id == establishment.id else EXIT_AND_REPORT
    return start < booking.ends_at + gap and booking.starts_at < end + gap
