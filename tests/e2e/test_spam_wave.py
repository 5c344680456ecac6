"""A wave of spam at night: nobody forged is written to, one digest tells, one action clears, one is rescued.

Source: domain notes, section 6, scenario 9. The clock begins on Saturday 5 December 2026 at 02:00.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.letterbox import words
from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually

pytestmark = pytest.mark.slow

WAVE = 240
GENUINE_AFTER = 88
"""The one from a prison comes in the middle of it, as at 02:11 of a wave from 02:00 to 02:30."""
MONDAY_MORNING = "2026-12-07T08:00:00+00:00"
HELD_WRONGLY = 120
"""One of the wave is a prison's own, written in a way that looks like spam."""


def spam(number: int) -> dict[str, Any]:
    return risley_enquiry(
        establishment=f"Cheap clicks {number}",
        contact_name=f"Winner {number}",
        contact_email=f"victim-{number}@forged.example",
        contact_role=None,
        organisation=None,
        preferred_times=None,
        message=f'<a href="https://spam.example/{number}">BUY NOW</a> [url=https://spam.example] https://win.example',
    )


def from_a_prison_full_of_links() -> dict[str, Any]:
    return risley_enquiry(
        contact_email="jo.price@styal.example",
        establishment="STI",
        message="Where we are: <b>https://maps.example/styal</b>. Our rooms: https://rooms.example www.trust.example",
    )


@pytest.fixture(scope="module")
def began_at() -> datetime:
    """In the small hours of a Saturday."""
    return datetime(2026, 12, 5, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def wave(keytalk: Keytalk) -> dict[str, str]:
    """Post the wave with the two from prisons in it, and give the references of these two."""
    references = {}
    for number in range(WAVE):
        if number == GENUINE_AFTER:
            references["genuine"] = _post(keytalk, risley_enquiry())
        if number == HELD_WRONGLY:
            references["rescued"] = _post(keytalk, from_a_prison_full_of_links())
        _post(keytalk, spam(number))
    return references


def _post(keytalk: Keytalk, answers: dict[str, Any]) -> str:
    answer = keytalk.post(answers)
    assert answer.status_code == 201, answer.text
    return answer.json()["reference"]


def _messages(keytalk: Keytalk, **where: str) -> list[dict[str, Any]]:
    rows = keytalk.cli("messages", "list", "--limit", "1000")
    return [row for row in rows if all(row[name].startswith(begins) for name, begins in where.items())]


def _waiting(keytalk: Keytalk) -> int:
    return len(keytalk.cli("quarantine", "list", "--limit", "1000"))


def _today(keytalk: Keytalk) -> dict[str, Any]:
    """Today's balance; a wave at midnight belongs to two days."""
    days = keytalk.cli("enquiries", "ledger", "--days", "2")
    names = ("received", "filed", "quarantined", "merged")
    return {name: sum(day[name] for day in days) for name in names}


def test_the_wave_is_held_and_the_genuine_one_is_thanked(keytalk, wave):
    assert _waiting(keytalk) == WAVE + 1

    thanked = eventually(
        lambda: [row for row in _messages(keytalk, recipient="enquirer:") if row["state"] == "accepted"]
    )
    assert [row["recipient"] for row in thanked] == [f"enquirer:{wave['genuine']}"]
    assert [row["reference"] for row in keytalk.cli("enquiries", "list")] == [wave["genuine"]]


def test_the_thanks_are_in_the_mailbox_that_night_and_we_are_left_to_sleep(keytalk, letterbox, wave):
    [thanks] = letterbox.all()
    assert str(thanks["To"]) == "alex.morgan@risley.example"
    assert wave["genuine"] in words(thanks)
    [row] = _messages(keytalk, recipient="enquirer:")
    assert "2026-12-05T02:00" <= row["accepted_at"] < "2026-12-05T03:00"
    ours = {"enquiry_received": "scheduled", "quarantine_digest": "scheduled"}
    eventually(
        lambda: {row["occasion"].partition(":")[0]: row["state"] for row in _messages(keytalk, recipient="ops")} == ours
    )


def test_the_balance_of_the_day_accounts_for_all_of_it(keytalk, wave):
    assert _today(keytalk) == {"received": WAVE + 2, "filed": 1, "quarantined": WAVE + 1, "merged": 0}


def test_a_suspect_can_be_read_whole_and_says_why_it_is_held(keytalk, wave):
    rows = {row["reference"]: row for row in keytalk.cli("quarantine", "list", "--limit", "1000")}
    held = keytalk.cli("quarantine", "show", wave["rescued"])

    assert rows[wave["rescued"]]["reasons"]
    assert held["message"] == from_a_prison_full_of_links()["message"]
    assert held["contact"]["email"] == "jo.price@styal.example"


def test_one_digest_tells_of_all_of_them_on_monday(keytalk, letterbox, wave):
    [digest] = eventually(lambda: _messages(keytalk, occasion="quarantine_digest:"))
    assert (digest["recipient"], digest["state"], digest["due_at"]) == ("ops", "scheduled", MONDAY_MORNING)

    keytalk.cli("jobs", "run-due", "--as-of", digest["due_at"])

    [digest] = _messages(keytalk, occasion="quarantine_digest:")
    assert digest["state"] == "accepted"
    [mail] = [each for each in letterbox.all() if str(WAVE + 1) in words(each)]
    assert str(mail["To"]) != "alex.morgan@risley.example"


def test_one_is_rescued_and_thanked_and_the_rest_is_cleared_in_one_action(keytalk, wave):
    keytalk.cli("quarantine", "release", wave["rescued"], "--reason", "A real prison")

    assert keytalk.cli("quarantine", "clear", "--all", "--yes", "--reason", "A wave") == {"cleared": WAVE}

    assert _waiting(keytalk) == 0
    assert len(keytalk.cli("quarantine", "list", "--closed", "--limit", "1000")) == WAVE
    assert eventually(lambda: keytalk.cli("enquiries", "show", wave["rescued"])["acknowledged_at"])
    assert keytalk.cli("quarantine", "clear", "--all", "--yes", "--reason", "Again") == {"cleared": 0}


def test_nobody_forged_was_ever_written_to(keytalk, letterbox, wave):
    recipients = {row["recipient"] for row in _messages(keytalk, recipient="enquirer:")}

    assert recipients == {f"enquirer:{wave['genuine']}", f"enquirer:{wave['rescued']}"}
    assert not [mail for mail in letterbox.all() if "forged.example" in str(mail)]
    assert keytalk.cli("messages", "not-told") == []


def test_what_was_cleared_is_kept_whole_and_the_balance_still_comes_out(keytalk, wave):
    cleared = keytalk.cli("quarantine", "list", "--closed", "--limit", "1000")[0]

    assert "BUY NOW" in keytalk.cli("enquiries", "show", cleared["reference"])["message"]
    assert _today(keytalk) == {"received": WAVE + 2, "filed": 2, "quarantined": WAVE, "merged": 0}


def test_a_released_one_cannot_be_released_or_cleared_again(keytalk, wave):
    refused = keytalk.run("quarantine", "release", wave["rescued"], "--yes")
    assert (refused.returncode, "not in quarantine" in refused.stderr) == (1, True)

    assert keytalk.cli("quarantine", "clear", wave["rescued"], "--yes", "--reason", "Again") == {"cleared": 0}


def test_the_way_in_is_open_and_a_canary_is_no_enquiry(keytalk, wave):
    before = _today(keytalk)

    assert keytalk.cli("enquiries", "canaries", "--send")["state"] == "arrived"

    assert _today(keytalk) == before
    assert [row["state"] for row in keytalk.cli("enquiries", "canaries")] == ["arrived"]
