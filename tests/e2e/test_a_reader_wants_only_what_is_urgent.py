"""Ana stops what can wait by the link in her mail: no reminder comes, and the news that a session falls away does.

The clock begins on Thursday 7 January 2027. Session 1 at Risley is on Tuesday 12 January; its first reminder is due on
the first day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually

ANA, TOM = "ana@", "tom@"
REMINDED_AT, FIRST_AT = "2027-01-11T15:00", "2027-01-07T15:00"
WHY = "They asked us to write only where it is urgent or needed, or to answer them."


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True, began_at=datetime(2027, 1, 7, 9, 0, tzinfo=UTC)) as running:
        yield running


@pytest.fixture(scope="module")
def run(keytalk: Keytalk) -> dict[str, Any]:
    """A confirmed run that Ana and Tom lead, and Ana's id."""
    people = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    team = ("--facilitator", people["Tom"], "--facilitator", people["Ana"])
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-01-12", "--window", "pm", *team)
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    return {**keytalk.cli("runs", "confirm", planned["run"]), "ana": people["Ana"]}


def mails_to(keytalk: Keytalk, address: str, words: str) -> list[dict[str, Any]]:
    """Give the mails to somebody that say something."""
    listed = [each for each in keytalk.cli("mail", "list") if address in each["to"]]
    mails = [keytalk.cli("mail", "show", each["message_id"]) for each in listed]
    return [each for each in mails if words in str(each)]


def the_mail_to(keytalk: Keytalk, address: str, words: str) -> dict[str, Any]:
    [mail] = eventually(lambda: mails_to(keytalk, address, words), within=30)
    return mail


@pytest.fixture(scope="module")
def confirmation(keytalk: Keytalk, run: dict[str, Any]) -> dict[str, Any]:
    return the_mail_to(keytalk, ANA, "sessions.ics")


@pytest.fixture(scope="module")
def reminder(keytalk: Keytalk, confirmation: dict[str, Any]) -> dict[str, Any]:
    keytalk.cli("jobs", "run-due", "--as-of", FIRST_AT)
    return the_mail_to(keytalk, ANA, "List-Unsubscribe-Post")


def test_what_the_work_needs_says_where_to_choose_and_cannot_be_stopped(confirmation):
    assert "List-Unsubscribe" not in confirmation["headers"]
    assert "Choose how we write to you" in confirmation["text"]


def test_every_mail_that_can_be_stopped_says_how(keytalk, run, reminder):
    headers = reminder["headers"]
    [page] = re.findall(r"Choose how we write to you:\s+(\S+)", reminder["text"])

    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].strip("<>").startswith(f"{keytalk.public_url}/messages/stop/")
    assert "How we write to you" in requests.get(page, timeout=30).text
    assert keytalk.cli("preferences", "link", f"facilitator:{run['ana']}")["page"] == page


def test_one_click_stops_what_can_wait(keytalk, run, reminder):
    address = reminder["headers"]["List-Unsubscribe"].strip("<>")
    opened = requests.get(address, timeout=30)
    before = keytalk.cli("preferences", "show", f"facilitator:{run['ana']}")
    answer = requests.post(address, data={"List-Unsubscribe": "One-Click"}, allow_redirects=False, timeout=30)
    after = keytalk.cli("preferences", "show", f"facilitator:{run['ana']}")

    assert (opened.status_code, before["non_critical"]) == (200, True)
    assert (answer.status_code, after["non_critical"]) == (200, False)


def test_the_reminder_reaches_tom_and_is_held_back_for_ana(keytalk, run):
    before = how_many_mails(keytalk)
    keytalk.cli("jobs", "run-due", "--as-of", REMINDED_AT)
    after = how_many_mails(keytalk)

    ledger = keytalk.cli("messages", "list", "--limit", "1000")
    due = [each for each in ledger if each["occasion"].startswith("session_reminder") and is_for_the_day_before(each)]
    [hers] = [each for each in due if each["recipient"] == f"facilitator:{run['ana']}"]
    assert (hers["state"], hers["why"]) == ("suppressed", WHY)
    assert (after[ANA] - before[ANA], after[TOM] - before[TOM]) == (0, 1)


def how_many_mails(keytalk: Keytalk) -> dict[str, int]:
    listed = keytalk.cli("mail", "list")
    return {address: sum(address in each["to"] for each in listed) for address in (ANA, TOM)}


def is_for_the_day_before(message: dict[str, Any]) -> bool:
    return str(message["due_at"]).startswith(REMINDED_AT)


def test_the_news_that_a_session_falls_away_reaches_them_both(keytalk, run):
    keytalk.cli("runs", "cancel", run["run"], "1", "--cause", "lockdown", "--party", "prison", "--yes")

    for address in (ANA, TOM):
        mail = the_mail_to(keytalk, address, "cancelled-sessions.ics")
        assert "List-Unsubscribe" not in mail["headers"]
