from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from icalendar import Calendar

from services.notifications.channels.calendar import run_calendar
from services.notifications.domain.facts import RunFacts


@pytest.fixture
def text(run: RunFacts, now: dt.datetime) -> str:
    return run_calendar(run, "ops@mail.example.org", now)


def test_a_run_is_published_as_one_event_a_session(text: str) -> None:
    calendar = Calendar.from_ical(text)
    events = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "PUBLISH"
    assert len(events) == 16
    assert [event["UID"] for event in events] == [f"s{number}@keytalk" for number in range(1, 17)]
    assert {event["SEQUENCE"] for event in events} == {1}


def test_sessions_keep_their_wall_time_across_the_clock_change(text: str) -> None:
    events = Calendar.from_ical(text).walk("VEVENT")
    starts = [event.decoded("DTSTART") for event in events]
    assert {start.time() for start in starts} == {dt.time(13, 45)}
    assert [start.astimezone(dt.UTC).hour for start in starts] == [13] * 11 + [12] * 5
    assert {event.decoded("DTEND") - event.decoded("DTSTART") for event in events} == {dt.timedelta(hours=3)}
    assert text.count("DTSTART;TZID=Europe/London:") == 16


def test_the_zone_changes_at_one_in_spring_and_at_two_in_autumn(text: str) -> None:
    [zone] = Calendar.from_ical(text).walk("VTIMEZONE")
    changes = {
        part.name: (part["DTSTART"].dt.time(), part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td)
        for part in zone.subcomponents
    }
    hour = dt.timedelta(hours=1)
    assert changes == {
        "DAYLIGHT": (dt.time(1), dt.timedelta(0), hour),
        "STANDARD": (dt.time(2), hour, dt.timedelta(0)),
    }


def test_a_program_that_knows_no_zones_finds_the_right_moments_in_the_file(text: str) -> None:
    [zone] = Calendar.from_ical(text).walk("VTIMEZONE")
    london = zone.to_tz(lookup_tzid=False)
    for day, hours in ((dt.date(2027, 3, 27), 0), (dt.date(2027, 3, 29), 1), (dt.date(2027, 11, 1), 0)):
        noon = dt.datetime.combine(day, dt.time(12), london)
        assert noon.utcoffset() == dt.timedelta(hours=hours)


def test_a_changed_run_moves_the_events_and_adds_none(run: RunFacts, now: dt.datetime, text: str) -> None:
    changed = Calendar.from_ical(run_calendar(replace(run, version=2), "ops@mail.example.org", now))
    events = changed.walk("VEVENT")
    assert [event["UID"] for event in events] == [each["UID"] for each in Calendar.from_ical(text).walk("VEVENT")]
    assert {event["SEQUENCE"] for event in events} == {2}


def test_the_title_is_neutral_and_the_programme_is_inside(text: str) -> None:
    event = Calendar.from_ical(text).walk("VEVENT")[2]
    assert event["SUMMARY"] == "Keytalk session 3 of 16, Risley (HMP)"
    assert event["LOCATION"] == "Risley (HMP)"
    assert "The Many Faces of Trauma" in event["DESCRIPTION"]
    assert event["ORGANIZER"] == "mailto:ops@mail.example.org"
    assert "ATTENDEE" not in event


def test_lines_end_and_fold_as_the_format_asks(run: RunFacts, now: dt.datetime) -> None:
    text = run_calendar(replace(run, establishment="Carchar Ynys Môn, " * 8), "ops@mail.example.org", now)
    assert text.count("\n") == text.count("\r\n")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75


def test_a_name_cannot_break_out_of_its_line(run: RunFacts, now: dt.datetime) -> None:
    text = run_calendar(replace(run, establishment="Here\r\nATTENDEE:mailto:x@x.example"), "ops@mail.example.org", now)
    assert "\r\nATTENDEE" not in text


def test_a_session_elsewhere_brings_its_own_zone(run: RunFacts, now: dt.datetime) -> None:
    abroad = replace(run, sessions=(replace(run.sessions[0], zone="Europe/Dublin"),))
    [zone] = Calendar.from_ical(run_calendar(abroad, "ops@mail.example.org", now)).walk("VTIMEZONE")
    assert zone["TZID"] == "Europe/Dublin"
