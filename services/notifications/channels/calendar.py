"""The dates of a run as calendar files (RFC 5545): published, and changes of them as requests (RFC 5546)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress

from services.notifications.domain.facts import RunFacts, SessionFacts

LONDON = "Europe/London"
GMT, BST = timedelta(0), timedelta(hours=1)

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]


def run_calendar(run: RunFacts, organiser: str, now: datetime) -> str:
    """Give the VCALENDAR text of a run, one event a session, lines folded and ended as the format asks.

    A session keeps its UID through every change and its revision is its SEQUENCE (`run.version`, where none was told),
    so a calendar that has it already moves it instead of adding another. Titles are neutral, as calendars are shared.
    `organiser` is a bare mail address, `now` the moment of writing.
    """
    return _calendar("PUBLISH", [_event(run, session, organiser, now) for session in run.sessions])


def change_calendar(
    method: Literal["REQUEST", "CANCEL"],
    run: RunFacts,
    sessions: Iterable[SessionFacts],
    organiser: str,
    attendee: str,
    now: datetime,
) -> str:
    """Give the VCALENDAR text that changes sessions in a calendar which has them, or takes them out of it.

    The UIDs are those of `run_calendar` and the feeds. `attendee` is the reader's own address; they are not asked to
    answer.
    """
    events = [_event(run, session, organiser, now) for session in sessions]
    for event in events:
        reader = vCalAddress(f"mailto:{attendee}")
        reader.params["RSVP"] = "FALSE"
        event.add("ATTENDEE", reader)
        if method == "CANCEL":
            event["STATUS"] = "CANCELLED"
    return _calendar(method, events)


def _calendar(method: Method, events: Iterable[Event]) -> str:
    calendar = Calendar()
    calendar.add("PRODID", "-//Keytalk//Keytalk//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    events = list(events)
    if any(event["DTSTART"].params.get("TZID") == LONDON for event in events):
        calendar.add_component(_london())
    for event in events:
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return str(calendar.to_ical().decode())


def _event(run: RunFacts, session: SessionFacts, organiser: str, now: datetime) -> Event:
    event = Event()
    event.add("UID", f"{session.id}@keytalk")
    event.add("SEQUENCE", run.version if session.revision is None else session.revision)
    event.add("DTSTAMP", now)
    event.add("DTSTART", session.local(session.date, session.start))
    event.add("DTEND", session.local(session.date, session.end))
    event.add("SUMMARY", f"Keytalk session {session.number} of {run.of}, {run.establishment}")
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
