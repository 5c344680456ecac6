"""Ten o'clock stays ten o'clock when the clocks change.

Scenario 10 of the domain: remote Tuesdays at 10:00 in London. British Summer Time ends on Sunday 25 October 2026 and
begins on Sunday 28 March 2027 (GOV.UK), so in UTC it is nine in summer and ten in winter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine

from services.scheduling.domain.programmes import UNLOCKING
from services.scheduling.records.runs import programme_row
from services.scheduling.tables import programmes
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


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    """One process, in September, that can put on the workshop."""
    with Keytalk(demo=True, began_at=datetime(2026, 9, 14, 9, 0, tzinfo=UTC)) as running:
        engine = create_engine(f"sqlite:///{running.home / 'scheduling.sqlite3'}")
        with engine.begin() as connection:
            connection.execute(programmes.insert(), programme_row(WORKSHOP))
        engine.dispose()
        yield running


@pytest.fixture(scope="module")
def run(keytalk: Keytalk) -> dict[str, Any]:
    wanted = {"programme": "unlocking-the-key-to-compassion", "preferred_start": "2026-10-20"}
    reference = keytalk.post(risley_enquiry(**wanted)).json()["reference"]
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    asked = ("--start", "2026-10-20", "--weekday", "tue", "--time", "10:00", "--mode", "remote")
    workshop = ("--programme", WORKSHOP.slug)
    planned: dict[str, Any] = keytalk.cli("runs", "plan", "--enquiry", reference, *workshop, *asked)
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


def test_confirmed_its_calendar_file_says_the_zone_and_the_local_time(keytalk, run):
    confirmed = keytalk.cli("runs", "confirm", run["run"])
    assert all(each["readiness"] == [] for each in confirmed["sessions"])

    mails = eventually(lambda: [each for each in keytalk.cli("mail", "list") if "24 session dates" in each["subject"]])
    attached = keytalk.cli("mail", "show", mails[0]["message_id"])["attachments"]
    calendar = next(each["text"] for each in attached if each["content_type"] == "text/calendar")
    starts = set(re.findall(r"DTSTART;TZID=Europe/London:(\S+)", calendar))
    assert {"20261020T100000", "20261027T100000", "20270323T100000", "20270330T100000"} <= starts


def test_a_group_of_people_in_prison_does_not_meet_on_screens(keytalk):
    reference = keytalk.post(risley_enquiry(preferred_start="2026-10-20")).json()["reference"]
    asked = ("--start", "2026-10-20", "--weekday", "tue", "--time", "10:00", "--mode", "remote")
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, *asked)

    assert {each["rule"] for session in planned["sessions"] for each in session["breaches"]} == {"H16"}
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    with pytest.raises(CommandRefused, match="H16"):
        keytalk.cli("runs", "confirm", planned["run"])
