"""Ops looks ahead before anything is done: what is due and why, what moving session 5 would send, what a rule would do.

Risley, Tuesdays 13:45 to 16:45 from 12 January 2027; session 5 is on 9 February. Moved to Thursday 11 February it is
reminded of on Friday 5 February, since five days before are a Saturday, and on Wednesday the 10th.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually


@pytest.fixture(scope="module", params=["embedded", "real"])
def keytalk(request: pytest.FixtureRequest) -> Iterator[Keytalk]:
    """Keytalk on a morning in December, with everything in one process or on real servers."""
    servers = {} if request.param == "embedded" else request.getfixturevalue("real_environment")
    with Keytalk(demo=True, env=servers, began_at=datetime(2026, 12, 1, 10, 0, tzinfo=UTC)) as running:
        yield running


@pytest.fixture(scope="module")
def run(keytalk: Keytalk) -> dict[str, Any]:
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-01-12", "--window", "pm")
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    keytalk.cli("runs", "confirm", planned["run"])
    eventually(lambda: waiting(keytalk, "session_reminder"))
    return planned


def waiting(keytalk: Keytalk, rule: str) -> list[dict[str, Any]]:
    rows = keytalk.cli("messages", "list", "--state", "scheduled", "--limit", "1000")
    return [row for row in rows if row["occasion"].startswith(f"{rule}:")]


def keys(rows: list[dict[str, Any]]) -> Counter[tuple[str, str, str]]:
    return Counter((row["recipient"], row["occasion"], row["due_at"]) for row in rows)


def test_what_is_due_is_listed_with_its_rule_its_anchor_and_whom_it_is_for(keytalk, run):
    ahead = keytalk.cli("messages", "simulate", "--days", "38")

    [five_days, *_] = [each for each in ahead["messages"] if each["rule"] == "session_reminder"]
    assert five_days["due_at"] == "2027-01-07T15:00:00+00:00"
    assert (five_days["run"], five_days["why"]) == (
        run["run"],
        "session reminder: 5 days before session 1, Tue 12 Jan 2027",
    )
    assert "@" not in str(ahead)
    assert "5 days before session 1" in keytalk.cli("messages", "simulate", "--days", "38", json=False)


def test_moving_session_5_does_what_was_simulated(keytalk, run):
    move = ("--run", run["run"], "--move", "5", "--to", "2027-02-11")
    told = keytalk.cli("messages", "simulate", *move)
    before = keys(keytalk.cli("messages", "list", "--limit", "1000"))
    assert keys(keytalk.cli("messages", "list", "--limit", "1000")) == before

    keytalk.cli("runs", "move", run["run"], "5", "2027-02-11", "--yes")
    fresh = eventually(lambda: keys(keytalk.cli("messages", "list", "--limit", "1000")) - before)

    reminders = {each["due_at"] for each in told["sends"] if each["rule"] == "session_reminder"}
    assert reminders == {"2027-02-05T15:00:00+00:00", "2027-02-10T15:00:00+00:00"}
    assert keys([each for each in told["sends"] if each["rule"]]) == Counter(
        {key: count for key, count in fresh.items() if not key[1].startswith("run_changed:")}
    )
    assert sorted(each["template"] for each in told["sends"] if not each["rule"]) == [
        "run_changed_contact",
        "run_changed_facilitator",
        "run_changed_facilitator",
    ]
    gone = keytalk.cli("messages", "list", "--state", "superseded", "--limit", "1000")
    assert keys(told["cancels"]) == keys(gone)


def test_a_rule_is_changed_as_its_preview_showed(keytalk, run):
    asked = ("session_reminder", "--offset", "7d", "--offset", "1d")
    found = keytalk.cli("reminders", "preview", *asked)
    # The contact and two facilitators, for each of sixteen sessions: but the reminders of session 12, after Easter, all
    # came to the Thursday before as one, and its seventh day before is a Tuesday.
    assert (found["goes"], found["comes"], found["runs"]) == (15 * 3, 16 * 3, 1)

    keytalk.cli("reminders", "change", *asked, "--reason", "asked for by prisons", "--yes")

    offsets = Counter(row["occasion"].split(":")[1] for row in waiting(keytalk, "session_reminder"))
    assert offsets == {"7d": 16 * 3, "1d": 16 * 3}
    [rule] = [each for each in keytalk.cli("reminders", "list") if each["name"] == "session_reminder"]
    assert (rule["offsets"], rule["reason"]) == (["7d", "1d"], "asked for by prisons")


def test_times_that_would_not_do_are_refused(keytalk, run):
    with pytest.raises(CommandRefused, match="in quiet hours"):
        keytalk.cli("reminders", "preview", "feedback", "--at", "20:00")
    with pytest.raises(CommandRefused, match="There is no reminder rule 'lunch'"):
        keytalk.cli("reminders", "preview", "lunch")
