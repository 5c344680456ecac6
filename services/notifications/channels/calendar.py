"""The dates of a run as a calendar file (RFC 5545, published as in RFC 5546)."""

from __future__ import annotations

from datetime import datetime, timedelta

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress

from services.notifications.domain.facts import RunFacts, SessionFacts

LONDON = "Europe/London"
GMT, BST = timedelta(0), timedelta(hours=1)


def run_calendar(run: RunFacts, organiser: str, now: datetime) -> str:
    """Give the VCALENDAR text of a run, one event a session, lines folded and ended as the format asks.

    A session keeps its UID through every change and `run.version` is its SEQUENCE, so a calendar that has it
    already moves it instead of adding another. Titles are neutral: calendars are often shared. `organiser` is a
    bare mail address, `now` the moment of writing.
    """
    calendar = Calendar()
    calendar.add("PRODID", "-//Keytalk//Keytalk//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    if any(session.zone == LONDON for session in run.sessions):
        calendar.add_component(_london())
    for session in run.sessions:
        calendar.add_component(_event(run, session, organiser, now))
    calendar.add_missing_timezones()
    return str(calendar.to_ical().decode())


def _event(run: RunFacts, session: SessionFacts, organiser: str, now: datetime) -> Event:
    event = Event()
    event.add("UID", f"{session.id}@keytalk")
    event.add("SEQUENCE", run.version)
    event.add("DTSTAMP", now)
    event.add("DTSTART", session.local(session.date, session.start))
    event.add("DTEND", session.local(session.date, session.end))
    event.add("SUMMARY", f"Keytalk session {session.number} of {len(run.sessions)}, {run.establishment}")
    event.add("LOCATION", run.establishment)
    event.add("DESCRIPTION", f"{run.programme}\nReference {run.enquiry}\nQuestions: {organiser}")
    event.add("ORGANIZER", vCalAddress(f"mailto:{organiser}"))
    event.add("STATUS", "CONFIRMED")
    return event


def _london() -> Timezone:
    # By rule and not by table, and with each change at the wall time it is made at: 01:00 in spring, 02:00 in
    # autumn. The library's own table puts the spring change an hour late.
    zone = Timezone()
    zone.add("TZID", LONDON)
    summer, winter = TimezoneDaylight(), TimezoneStandard()
    for part, name, start, month, before, after in (
        (summer, "BST", datetime(1996, 3, 31, 1), 3, GMT, BST),  # noqa: DTZ001 - local by definition
        (winter, "GMT", datetime(1996, 10, 27, 2), 10, BST, GMT),  # noqa: DTZ001
    ):
        part.add("TZNAME", name)
        part.add("DTSTART", start)
        part.add("RRULE", {"FREQ": "YEARLY", "BYMONTH": month, "BYDAY": "-1SU"})
        part.add("TZOFFSETFROM", before)
        part.add("TZOFFSETTO", after)
        zone.add_component(part)
    return zone
