"""The rules about when a session is: H1 and H2."""

from __future__ import annotations

from services.scheduling.domain.facts import Facts
from services.scheduling.domain.runs import Breach, Session
from services.scheduling.domain.words import WEEKDAYS, in_words, listed


def session_fits_the_regime_window(session: Session, facts: Facts) -> Breach | None:
    """H1: the session lies inside one of the windows that the establishment has on that date.

    A daily programme may use the whole day, lunch included; a weekly one may not run over lunch, when people
    in prison are behind their doors. A remote session needs no window.
    """
    if facts.is_remote:
        return None
    weekday = session.date.weekday()
    regime = facts.calendar.regime_on(session.date)
    windows = regime.on(weekday)
    day = regime.window(weekday, "day") if facts.programme.cadence == "daily" else None
    if any(each.contains(session.start, session.end) for each in (*windows, day) if each):
        return None
    place = facts.establishment.name
    if not windows:
        why = f"{place} has no times on file for {WEEKDAYS[weekday]}s. Adding its regime"
    else:
        hours = listed([str(each) for each in windows])
        why = (
            f"The session on {in_words(session.date)} runs {session.start:%H:%M} to {session.end:%H:%M}, and "
            f"{place} is open {hours} on {WEEKDAYS[weekday]}s. Another window or weekday"
        )
    return Breach("H1", "session_fits_the_regime_window", f"{why} would mend it.")


def date_is_open(session: Session, facts: Facts) -> Breach | None:
    """H2: the date is no bank holiday of the establishment's division and in none of its blackouts.

    HMPPS activities do not run on bank holidays by default (hmpps-activities-management-api). What closes a prison does
    not close a remote session; bank holidays do.
    """
    if facts.is_remote:
        holiday = facts.calendar.bank_holidays.get(session.date)
        reason = f"It is a bank holiday on {in_words(session.date)}: {holiday}" if holiday else None
    else:
        closed = facts.calendar.closed_on(session.date)
        reason = f"{facts.establishment.name} is closed on {in_words(session.date)}: {closed}" if closed else None
    return Breach("H2", "date_is_open", f"{reason}. Another date would mend it.") if reason else None
