"""Ana asks for one mail a day: her dates and her reminders come together at three, and what cannot wait by itself.

The clock begins on Monday 11 January 2027. Session 1 at Risley is on Tuesday 19 January.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True, began_at=datetime(2027, 1, 11, 9, 0, tzinfo=UTC)) as running:
        yield running


@pytest.fixture(scope="module")
def ana(keytalk: Keytalk) -> str:
    people = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    person = f"facilitator:{people['Ana']}"
    keytalk.cli("preferences", "change", person, "--waiting", "daily", "--reason", "asked by phone")
    return person


@pytest.fixture(scope="module")
def run(keytalk: Keytalk, ana: str) -> dict[str, Any]:
    """A run that Ana and Tom lead, confirmed once it is known how Ana wishes to be written to."""
    people = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    team = ("--facilitator", people["Tom"], "--facilitator", people["Ana"])
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-01-19", "--window", "pm", *team)
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    confirmed = keytalk.cli("runs", "confirm", planned["run"])
    eventually(lambda: len(mails_to(keytalk, "tom@")) == 1, within=30)
    return {**confirmed, "reference": reference}


def mails_to(keytalk: Keytalk, address: str) -> list[dict[str, Any]]:
    return [each for each in keytalk.cli("mail", "list") if address in each["to"]]


def hers(keytalk: Keytalk, ana: str, **wanted: str) -> list[dict[str, Any]]:
    filters = [word for name, value in wanted.items() for word in (f"--{name}", value)]
    return keytalk.cli("messages", "list", "--recipient", ana, *filters)


def test_nothing_comes_before_three(keytalk, ana, run):
    [confirmation] = eventually(lambda: hers(keytalk, ana, state="scheduled", template="run_confirmed_facilitator"))

    assert confirmation["why"] == "It waits for the digest of 2027-01-11."
    assert mails_to(keytalk, "ana@") == []


def test_at_three_one_mail_tells_her_dates_with_their_calendar(keytalk, ana, run):
    for _again in range(2):
        keytalk.cli("jobs", "run-due", "--as-of", "2027-01-11T15:00")

    [mail] = mails_to(keytalk, "ana@")
    shown = keytalk.cli("mail", "show", mail["message_id"])
    assert shown["headers"]["Subject"] == "Your news of Monday 11 January 2027"
    assert shown["text"].count("Part 1 of 1: ") == shown["text"].count("Hello Ana") == 1
    assert [file["filename"] for file in shown["attachments"]] == ["sessions.ics"]
    assert shown["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    [told] = hers(keytalk, ana, template="run_confirmed_facilitator")
    assert (told["state"], told["why"]) == ("superseded", "Told in the digest of 2027-01-11.")


def test_the_ledger_proves_that_she_was_told(keytalk, ana, run):
    proof = keytalk.cli("messages", "proof", run["run"])
    verdicts = {
        person["verdict"] for each in proof["sessions"] for person in each["people"] if person["recipient"] == ana
    }
    assert verdicts == {"told"}


def test_the_reminder_of_the_day_before_is_in_the_digest_of_that_day(keytalk, ana, run):
    before = len(mails_to(keytalk, "ana@"))
    keytalk.cli("jobs", "run-due", "--as-of", "2027-01-18T15:00")

    assert len(mails_to(keytalk, "ana@")) == before + 1
    newest = keytalk.cli("mail", "show", mails_to(keytalk, "ana@")[0]["message_id"])
    assert "Session 1 of 16, Tuesday 19 January 2027" in newest["text"]


def test_that_a_session_of_tomorrow_falls_away_does_not_wait_for_three(keytalk, ana, run):
    keytalk.cli("runs", "move", run["run"], "1", "2027-01-12", "--yes", "--accept-breaches")
    keytalk.cli("runs", "cancel", run["run"], "1", "--cause", "lockdown", "--party", "prison", "--yes")

    eventually(
        lambda: [each["state"] for each in hers(keytalk, ana, template="run_changed_facilitator")][-1:] == ["accepted"],
        within=30,
    )
