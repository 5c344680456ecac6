"""Ten o'clock stays ten o'clock when the clocks change.

Scenario 10 of the domain: remote Tuesdays at 10:00 in London. British Summer Time ends on Sunday 25 October 2026 and
begins on Sunday 28 March 2027 (GOV.UK), so in UTC it is nine in summer and ten in winter.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from services.scheduling.domain.programmes import UNLOCKING
from services.scheduling.records.runs import programme_row
from services.scheduling.tables import programmes
from tests.e2e.letterbox import calendar_files, words
from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

WORKSHOP = replace(
    UNLOCKING,
    slug="trauma-informed-workshop",
    name="A trauma-informed workshop",
    kind="workshop",
    sessions=24,
    minutes=90,
    cadence="weekly",
    min_facilitators=1,
    minimum_dose=20,
    modes=("in_person", "remote"),
    kit=(),
)
IN_UTC = {
    "2026-10-20": ("2026-10-20T09:00:00+00:00", "2026-10-20T10:30:00+00:00"),
    "2026-10-27": ("2026-10-27T10:00:00+00:00", "2026-10-27T11:30:00+00:00"),
    "2027-03-23": ("2027-03-23T10:00:00+00:00", "2027-03-23T11:30:00+00:00"),
    "2027-03-30": ("2027-03-30T09:00:00+00:00", "2027-03-30T10:30:00+00:00"),
}


REMINDED = {
    # The day before at three in the afternoon, London time; after the summer that is an hour later in UTC.
    "2026-10-20": ["2026-10-15T14:00:00+00:00", "2026-10-19T14:00:00+00:00"],
    "2026-10-27": ["2026-10-22T14:00:00+00:00", "2026-10-26T15:00:00+00:00"],
    "2027-03-23": ["2027-03-18T15:00:00+00:00", "2027-03-22T15:00:00+00:00"],
    # The 29th is Easter Monday and the 26th Good Friday: both would go on Thursday the 25th, so one does.
    "2027-03-30": ["2027-03-25T15:00:00+00:00"],
}


@pytest.fixture(scope="module")
def began_at() -> datetime:
    """A September morning."""
    return datetime(2026, 9, 14, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def workshop(keytalk: Keytalk) -> str:
    """A workshop that can be held remotely, which no command can add yet."""
    here = f"sqlite:///{keytalk.home / 'scheduling.sqlite3'}"
    url = make_url(keytalk.environment.get("KEYTALK_SCHEDULING_DATABASE_URL", here))
    engine = create_engine(url if url.drivername == "sqlite" else url.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(programmes.insert(), programme_row(WORKSHOP))
    engine.dispose()
    return WORKSHOP.slug


@pytest.fixture(scope="module")
def run(keytalk: Keytalk, workshop: str) -> dict[str, Any]:
    wanted = {"programme": "unlocking-the-key-to-compassion", "preferred_start": "2026-10-20"}
    reference = keytalk.post(risley_enquiry(**wanted)).json()["reference"]
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    asked = ("--start", "2026-10-20", "--weekday", "tue", "--time", "10:00", "--mode", "remote")
    planned: dict[str, Any] = keytalk.cli("runs", "plan", "--enquiry", reference, "--programme", workshop, *asked)
    return planned


def test_the_local_time_and_the_length_stay_and_utc_moves(run):
    sessions = {each["date"]: each for each in run["sessions"]}

    assert {(each["start"], each["end"], each["zone"]) for each in run["sessions"]} == {
        ("10:00", "11:30", "Europe/London")
    }
    assert {day: (sessions[day]["starts_at"], sessions[day]["ends_at"]) for day in IN_UTC} == IN_UTC


def test_a_prisons_closure_does_not_close_a_remote_run(run):
    # Both Tuesdays lie in Risley's Christmas closure, and neither is a bank holiday.
    assert {"2026-12-22", "2026-12-29"} <= {each["date"] for each in run["sessions"]}
    assert len(run["sessions"]) == 24
    assert run["skipped"] == []
    assert (run["mode"], run["breaches"]) == ("remote", [])
    assert all(each["breaches"] == [] for each in run["sessions"])


def test_confirmed_its_calendar_file_says_the_zone_and_the_local_time(keytalk, letterbox, run):
    confirmed = keytalk.cli("runs", "confirm", run["run"])
    assert all(each["readiness"] == [] for each in confirmed["sessions"])

    [mail] = eventually(lambda: letterbox.to("alex.morgan@", "24 session dates"))
    [calendar] = calendar_files(mail).values()
    starts = [line.removeprefix("DTSTART;TZID=Europe/London:") for line in calendar.splitlines() if "DTSTART;" in line]
    assert {"20261020T100000", "20261027T100000", "20270323T100000", "20270330T100000"} <= set(starts)
    read = Calendar.from_ical(calendar)
    assert [str(zone["TZID"]) for zone in read.walk("VTIMEZONE")] == ["Europe/London"]
    assert {each.decoded("DTEND") - each.decoded("DTSTART") for each in read.walk("VEVENT")} == {timedelta(minutes=90)}
    assert {
        f"{each.decoded('DTSTART'):%Y-%m-%d}": each.decoded("DTSTART").astimezone(UTC).isoformat()
        for each in read.walk("VEVENT")
    }.items() >= {day: began for day, (began, _ended) in IN_UTC.items()}.items()


def test_reminders_stay_at_three_in_the_afternoon_on_both_sides_of_both_changes(keytalk, run):
    ids = {each["id"]: each["date"] for each in run["sessions"] if each["date"] in REMINDED}
    found: dict[str, dict[str, list[str]]] = {}
    for row in keytalk.cli("messages", "list", "--state", "scheduled", "--limit", "1000"):
        day = ids.get(row["occasion"].rpartition(":")[2])
        if day and row["occasion"].startswith("session_reminder:"):
            found.setdefault(row["recipient"], {}).setdefault(day, []).append(row["due_at"])

    # The contact's and those of the facilitator who leads.
    assert list(found.values()) == [REMINDED, REMINDED]


def test_played_across_the_change_the_reminder_comes_at_its_local_time(keytalk, letterbox, run):
    def reminded(until: str) -> int:
        keytalk.cli("jobs", "run-due", "--as-of", until)
        return len(letterbox.to("alex.morgan@", "Tuesday 27 October 2026"))

    assert reminded("2026-10-26T14:59") == 1
    assert reminded("2026-10-26T15:00") == 2
    for mail in letterbox.to("alex.morgan@", "Tuesday 27 October 2026"):
        assert "10am to 11.30am" in words(mail)


def test_a_group_of_people_in_prison_does_not_meet_on_screens(keytalk):
    reference = keytalk.post(risley_enquiry(preferred_start="2026-10-20")).json()["reference"]
    asked = ("--start", "2026-10-20", "--weekday", "tue", "--time", "10:00", "--mode", "remote")
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, *asked)

    assert {each["rule"] for session in planned["sessions"] for each in session["breaches"]} == {"H16"}
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    with pytest.raises(CommandRefused, match="H16"):
        keytalk.cli("runs", "confirm", planned["run"])
