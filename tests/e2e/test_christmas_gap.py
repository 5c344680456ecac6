"""A run from October goes round Christmas, and its group is not left alone over it.

Scenario 3 of the domain, on the days it names: Drake Hall, sixteen Thursdays from 1 October 2026. The dates below were
written out from a calendar: eleven Thursdays to 10 December, the twelfth on the 17th; 24 and 31 December lie in the
closure; then 7, 14, 21 and 28 January 2027.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

THURSDAYS = [
    *("2026-10-01", "2026-10-08", "2026-10-15", "2026-10-22", "2026-10-29", "2026-11-05", "2026-11-12", "2026-11-19"),
    *("2026-11-26", "2026-12-03", "2026-12-10", "2026-12-17", "2027-01-07", "2027-01-14", "2027-01-21", "2027-01-28"),
]


@pytest.fixture(scope="module")
def began_at() -> datetime:
    """A September morning."""
    return datetime(2026, 9, 14, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def reference(keytalk: Keytalk) -> str:
    answer = keytalk.post(risley_enquiry(establishment="Drake Hall (HMP & YOI)", preferred_start="2026-10-01"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reference"])


@pytest.fixture(scope="module")
def run(keytalk: Keytalk, reference: str) -> dict[str, Any]:
    asked = ("--start", "2026-10-01", "--weekday", "thu", "--window", "am")
    planned: dict[str, Any] = keytalk.cli("runs", "plan", "--enquiry", reference, *asked)
    return planned


def test_the_two_thursdays_in_the_closure_are_skipped_and_no_session_is_lost(run):
    assert [each["date"] for each in run["sessions"]] == THURSDAYS
    assert [(each["number"], each["date"]) for each in run["sessions"]][11:13] == [
        (12, "2026-12-17"),
        (13, "2027-01-07"),
    ]
    assert [(each["date"], each["why"]) for each in run["skipped"]] == [
        ("2026-12-24", "Christmas and New Year closure"),
        ("2026-12-31", "Christmas and New Year closure"),
    ]
    assert {(each["start"], each["end"]) for each in run["sessions"]} == {("08:30", "11:30")}


def test_the_gap_and_the_window_without_a_minute_to_spare_are_pointed_out_and_block_nothing(keytalk, run):
    whys = {each["code"]: each["why"] for each in run["warnings"]}

    assert whys["gap"] == (
        "There is no session for 21 days from 17 December 2026 to 7 January 2027 (Christmas and New Year closure)."
    )
    assert "which leaves no time to spare" in whys["slack"]
    assert all(each["breaches"] == [] for each in run["sessions"])
    printed = keytalk.cli("runs", "show", run["run"], json=False)
    assert whys["gap"] in printed
    assert "Thu 24 Dec 2026: Christmas and New Year closure" in printed


def test_a_run_whose_enquiry_is_not_won_says_so_once(keytalk, run):
    assert [each["rule"] for each in run["breaches"]] == ["H12"]
    with pytest.raises(CommandRefused, match="H12"):
        keytalk.cli("runs", "confirm", run["run"])


def test_once_confirmed_a_holding_plan_is_to_be_agreed_by_3_december(keytalk, reference, run):
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    confirmed = keytalk.cli("runs", "confirm", run["run"])
    assert (confirmed["state"], confirmed["breaches"]) == ("confirmed", [])

    def holding_plans() -> list[dict[str, Any]]:
        rows = keytalk.cli("tasks", "list", "--enquiry", reference, "--limit", "100")
        return [each for each in rows if each["title"].startswith("Agree a holding plan")]

    [task] = eventually(holding_plans)
    assert (task["due_on"], task["reference"]) == ("2026-12-03", reference)
    assert task["title"] == (
        "Agree a holding plan for the three weeks without a session from 17 December 2026 to 7 January 2027: "
        "a closing exercise, an in-cell pack, a wellbeing contact"
    )


def test_no_reminder_is_due_in_the_closure(keytalk, run):
    def reminders() -> list[str]:
        rows = keytalk.cli("messages", "list", "--limit", "1000")
        return sorted({each["due_at"][:16] for each in rows if each["occasion"].startswith("session_reminder")})

    due = eventually(reminders)

    assert [each for each in due if "2026-12-19" <= each < "2027-01-04"] == []
    # The fifth day before 7 January is the 2nd; the last working day before the closure is Friday the 18th.
    assert {"2026-12-16T15:00", "2026-12-18T15:00", "2027-01-06T15:00"} <= set(due)


def test_played_through_the_winter_no_reminder_comes_in_the_closure(keytalk, letterbox, run):
    def reminded(until: str) -> list[str]:
        keytalk.cli("jobs", "run-due", "--as-of", until)
        return [mail["Subject"] for mail in letterbox.to("alex.morgan@", "Session 13 of 16")]

    thirteenth = "Session 13 of 16, Thursday 7 January 2027"
    assert reminded("2026-12-16T15:00") == []
    assert len(letterbox.to("alex.morgan@", "Session 12 of 16")) == 2
    assert reminded("2026-12-18T14:59") == []
    assert reminded("2026-12-18T15:00") == [thirteenth]
    told_before = len(letterbox.to("alex.morgan@"))
    assert reminded("2027-01-04T07:59") == [thirteenth]
    assert len(letterbox.to("alex.morgan@")) == told_before
    near = "Session 13 of 16 is near: Thursday 7 January 2027"
    assert sorted(reminded("2027-01-06T15:00")) == [near, thirteenth]
    assert keytalk.cli("messages", "not-told", "--days", "366") == []
