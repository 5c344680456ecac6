"""The text of a calendar feed, against lines written by hand and against the `icalendar` library."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from services.scheduling.domain.ical import Entry, feed_text

CHANGED = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
ENTRY = Entry(
    id=UUID("0192f0c8-0000-7000-8000-000000000001"),
    revision=2,
    status="CONFIRMED",
    date=dt.date(2026, 10, 20),
    start=dt.time(10),
    end=dt.time(13),
    title="The Many Faces of Trauma, Risley (HMP), 3 of 16",
    place="Education, Risley (HMP), Warrington",
    words=("At the gate by 09:00.", "Reference KT-7F3K-92"),
    changed_at=CHANGED,
)

BY_HAND = r"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Keytalk//Keytalk//EN
CALSCALE:GREGORIAN
NAME:My sessions
X-WR-CALNAME:My sessions
REFRESH-INTERVAL;VALUE=DURATION:PT1H
X-PUBLISHED-TTL:PT1H
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
DTSTART:19960331T010000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZNAME:BST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZNAME:GMT
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:0192f0c8-0000-7000-8000-000000000001@keytalk
SEQUENCE:2
DTSTAMP:20261124T093000Z
LAST-MODIFIED:20261124T093000Z
DTSTART;TZID=Europe/London:20261020T100000
DTEND;TZID=Europe/London:20261020T130000
SUMMARY:The Many Faces of Trauma\, Risley (HMP)\, 3 of 16
LOCATION:Education\, Risley (HMP)\, Warrington
DESCRIPTION:At the gate by 09:00.\nReference KT-7F3K-92
STATUS:CONFIRMED
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""

AROUND_THE_CHANGES = [
    (dt.date(2026, 10, 20), "2026-10-20T09:00:00+00:00"),
    (dt.date(2026, 10, 27), "2026-10-27T10:00:00+00:00"),
    (dt.date(2027, 3, 23), "2027-03-23T10:00:00+00:00"),
    (dt.date(2027, 3, 30), "2027-03-30T09:00:00+00:00"),
]
"""Tuesdays at ten in London, and when that is: the clocks change on 25 October 2026 and 28 March 2027."""


def events(text: str) -> list:
    return Calendar.from_ical(text).walk("VEVENT")


def test_the_text_is_as_written_by_hand():
    assert feed_text("My sessions", [ENTRY]) == BY_HAND.replace("\n", "\r\n")


def test_the_same_facts_give_the_same_text():
    assert feed_text("My sessions", [ENTRY, ENTRY]) == feed_text("My sessions", [ENTRY, ENTRY])


@pytest.mark.parametrize(("day", "moment"), AROUND_THE_CHANGES)
def test_ten_stays_ten_across_both_clock_changes_whatever_zones_the_reader_knows(day, moment):
    calendar = Calendar.from_ical(feed_text("My sessions", [replace(ENTRY, date=day)]))
    [event], [zone] = calendar.walk("VEVENT"), calendar.walk("VTIMEZONE")
    own_rules = zone.to_tz(lookup_tzid=False)

    start = event.decoded("DTSTART")

    assert (start.hour, start.astimezone(dt.UTC).isoformat()) == (10, moment)
    assert dt.datetime(day.year, day.month, day.day, 10, tzinfo=own_rules).astimezone(dt.UTC).isoformat() == moment
    assert event.decoded("DTEND") - start == dt.timedelta(hours=3)


@pytest.mark.parametrize(
    ("status", "transparency"), [("CONFIRMED", "OPAQUE"), ("TENTATIVE", "OPAQUE"), ("CANCELLED", "TRANSPARENT")]
)
def test_what_is_cancelled_keeps_nobody_busy(status, transparency):
    [event] = events(feed_text("My sessions", [replace(ENTRY, status=status)]))

    assert (event["STATUS"], event["TRANSP"]) == (status, transparency)


def test_the_library_writes_the_same():
    entries = [replace(ENTRY, place="Llŷn; \\ " * 40), replace(ENTRY, status="CANCELLED", date=dt.date(2027, 3, 30))]

    text = feed_text("Carchar Ynys Môn", entries)

    assert unfolded(text) == unfolded(Calendar.from_ical(text).to_ical(sorted=False).decode())
    ours = [unfolded(event.to_ical().decode()) for event in events(text)]
    assert ours == [unfolded(by_the_library(entry).to_ical().decode()) for entry in entries]


def by_the_library(entry: Entry) -> Event:
    event = Event()
    event.add("UID", f"{entry.id}@keytalk")
    event.add("SEQUENCE", entry.revision)
    event.add("DTSTAMP", entry.changed_at)
    event.add("LAST-MODIFIED", entry.changed_at)
    event.add("DTSTART", dt.datetime.combine(entry.date, entry.start, ZoneInfo("Europe/London")))
    event.add("DTEND", dt.datetime.combine(entry.date, entry.end, ZoneInfo("Europe/London")))
    event.add("SUMMARY", entry.title)
    event.add("LOCATION", entry.place)
    event.add("DESCRIPTION", "\n".join(entry.words))
    event.add("STATUS", entry.status)
    event.add("TRANSP", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    return event


def unfolded(text: str) -> str:
    """The library cuts some lines an octet earlier than it must."""
    return text.replace("\r\n ", "")


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=200)


@given(TEXT, st.lists(TEXT, max_size=3))
def test_no_name_breaks_out_of_its_line_and_the_library_reads_what_was_written(name, words):
    text = feed_text(name, [replace(ENTRY, title=name, place=name, words=tuple(words))])
    calendar = Calendar.from_ical(text)
    [event] = calendar.walk("VEVENT")

    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert text.count("\r") == text.count("\n") == text.count("\r\n")
    assert len(calendar.subcomponents) == 2
    assert str(event["SUMMARY"]) == str(event["LOCATION"]) == seen(name)
    assert str(event["DESCRIPTION"]) == seen("\n".join(words))


def seen(text: str) -> str:
    """What is to be left of a text: no control character but the line feed, and no other line end."""
    return "".join(c for c in text if c == "\n" or not (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029"))
