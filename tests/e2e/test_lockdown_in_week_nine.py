"""A lockdown on the morning of week nine: what can be done is shown first, then done, told, and undone the same day.

Scenario 2 of the domain, on its own days: Risley, Tuesdays 13:45 to 16:45 from 12 January 2027, and 9 March at 08:20.
The dates were counted on a calendar: 16 Tuesdays to 27 April, none of them a bank holiday; a week later each, 4 May.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

TUESDAYS = (
    *("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16", "2027-02-23", "2027-03-02"),
    *("2027-03-09", "2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20", "2027-04-27"),
)
CASCADED = (*TUESDAYS[:8], *TUESDAYS[9:], "2027-05-04")
WHY = ("--cause", "lockdown", "--party", "prison")
BLAME = ("fault", "blame", "offender", "inmate", "failed", "unfortunately")


@pytest.fixture(scope="module")
def december(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run that was confirmed in December, and the home it is in."""
    home = tmp_path_factory.mktemp("keytalk") / "home"
    with Keytalk(demo=True, home=home, began_at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC)) as keytalk:
        people = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
        reference = keytalk.post(risley_enquiry()).json()["reference"]
        team = ("--facilitator", people["Tom"], "--facilitator", people["Ana"])
        asked = ("--start", "2027-01-12", "--weekday", "tue", "--window", "pm")
        run = keytalk.cli("runs", "plan", "--enquiry", reference, *asked, *team)
        for stage in WAY_TO_WON:
            keytalk.cli("enquiries", "move", reference, stage)
        confirmed = keytalk.cli("runs", "confirm", run["run"])
        eventually(lambda: "run_confirmed" in str(keytalk.cli("messages", "list", "--limit", "1000")))
    return home, {**confirmed, "people": people}


@pytest.fixture(scope="module")
def run(december: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    return december[1]


@pytest.fixture(scope="module")
def keytalk(december: tuple[Path, dict[str, Any]]) -> Iterator[Keytalk]:
    """Keytalk on 9 March 2027 at 08:20. Since the run was confirmed, Ana's access was found to end on 19 March."""
    home, run = december
    began = datetime(2027, 3, 9, 8, 20, tzinfo=UTC)
    with Keytalk(home=home, began_at=began) as running:
        [ana] = [each for each in running.cli("facilitators", "list") if each["id"] == run["people"]["Ana"]]
        [here] = [each for each in ana["clearances"] if each["establishment"] == "RSI"]
        dates = ("--from", here["valid_from"], "--until", "2027-03-19")
        running.cli("clearances", "grant", "--facilitator", ana["id"], "--establishment", "RSI", *dates)
        yield running


def dates(keytalk: Keytalk, run: dict[str, Any]) -> tuple[str, ...]:
    shown = keytalk.cli("runs", "show", run["run"])["sessions"]
    live = [each for each in shown if each["state"] not in {"cancelled", "superseded"}]
    return tuple(each["date"] for each in sorted(live, key=lambda each: each["number"]))


def ids(keytalk: Keytalk, run: dict[str, Any], state: str = "planned") -> dict[int, str]:
    shown = keytalk.cli("runs", "show", run["run"])["sessions"]
    return {each["number"]: each["id"] for each in shown if each["state"] == state}


def letters(keytalk: Keytalk, change: str) -> list[dict[str, Any]]:
    return [each for each in keytalk.cli("messages", "list", "--limit", "1000") if change in str(each)]


def mail_about_the_change(keytalk: Keytalk, address: str) -> str:
    """Give the newest mail to somebody that came after the run was confirmed."""
    listed = [each for each in keytalk.cli("mail", "list") if address in each["to"]]
    texts = [keytalk.cli("mail", "show", each["message_id"], json=False) for each in listed]
    return next((each for each in texts if "16 March 2027" in each and "4 May 2027" in each), "")


@pytest.fixture(scope="module")
def diff(keytalk: Keytalk, run: dict[str, Any]) -> dict[str, Any]:
    return keytalk.cli("runs", "cascade", run["run"], "9", *WHY, "--dry-run")


@pytest.fixture(scope="module")
def cascade(keytalk: Keytalk, run: dict[str, Any], diff: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(CommandRefused, match="--accept-breaches"):
        keytalk.cli("runs", "cascade", run["run"], "9", *WHY, "--yes")
    return keytalk.cli("runs", "cascade", run["run"], "9", *WHY, "--yes", "--accept-breaches")


def test_the_remedies_are_shown_with_their_dates(keytalk, run):
    found = {each["remedy"]: each for each in keytalk.cli("runs", "remedies", run["run"], "9")}

    assert (found["cascade"]["date"], found["cascade"]["last"]) == ("2027-03-16", "2027-05-04")
    assert (found["make_up"]["date"], found["make_up"]["last"]) == ("2027-03-10", "2027-04-27")
    assert (found["drop"]["date"], found["drop"]["last"]) == (None, "2027-04-27")


def test_the_diff_shows_what_moves_and_that_session_ten_now_lacks_a_clearance(keytalk, run, diff):
    assert [(each["number"], each["date"]) for each in diff["cancelled"]] == [(9, "2027-03-09")]
    assert [(each["number"], each["date"]) for each in diff["added"]] == [(9, "2027-03-16")]
    assert [(each["number"], each["to_date"]) for each in diff["moved"]] == list(
        zip(range(10, 17), CASCADED[9:], strict=True)
    )
    [breach] = [each for each in diff["new_breaches"] if each["rule"] == "H3"]
    assert (breach["number"], breach["facilitator_id"]) == (10, run["people"]["Ana"])
    assert (diff["sessions_before"], diff["sessions_after"]) == (16, 16)
    assert (diff["cancelled"][0]["chargeable"], diff["charged_pence"]) == (False, 0)
    assert [each["name"] for each in diff["told"]["facilitators"]] == ["Ana Reyes", "Tom Okafor"]
    assert dates(keytalk, run) == TUESDAYS


def test_applied_the_run_is_regenerated_and_what_lies_before_is_untouched(keytalk, run, diff, cascade):
    before = {each["number"]: each["id"] for each in run["sessions"]}
    after = ids(keytalk, run)

    assert dates(keytalk, run) == CASCADED
    assert {number: after[number] for number in after if number != 9} == {
        number: before[number] for number in before if number != 9
    }
    assert ids(keytalk, run, "cancelled") == {9: before[9]}
    assert len(after) == 16


def test_tom_and_ana_are_told_and_no_message_names_blame(keytalk, run, cascade):
    change = cascade["change"]
    people = {run["people"]["Tom"], run["people"]["Ana"]}

    def those_told() -> set[str]:
        return {person for person in people for each in letters(keytalk, change) if person in str(each)}

    eventually(lambda: those_told() == people, within=30)
    theirs = [f"{each}@facilitators.example" for each in ("tom", "ana")]
    for address in theirs:
        said = eventually(lambda address=address: mail_about_the_change(keytalk, address), within=30)
        assert "9 March 2027" in said
        assert not any(word in said.lower() for word in BLAME)


def test_the_list_of_changes_says_who_accepted_what(keytalk, run, cascade):
    [listed] = keytalk.cli("runs", "changes", run["run"])

    assert (listed["kind"], listed["cause"], listed["party"]) == ("cascade", "lockdown_or_incident", "prison")
    assert [(each["number"], each["rule"]) for each in listed["accepted"] if each["rule"] == "H3"] == [(10, "H3")]
    assert listed["sessions"] == list(range(9, 17))


def test_undone_the_same_day_all_is_as_it_was(keytalk, run, cascade):
    shown = keytalk.cli("runs", "reverse", cascade["change"], "--dry-run")
    assert [(each["number"], each["rule"]) for each in shown["runs"][0]["mended"] if each["rule"] == "H3"] == [
        (10, "H3")
    ]

    back = keytalk.cli("runs", "reverse", cascade["change"], "--yes")

    assert dates(keytalk, run) == TUESDAYS
    assert ids(keytalk, run) == {each["number"]: each["id"] for each in run["sessions"]}
    eventually(lambda: letters(keytalk, back["change"]), within=30)
    with pytest.raises(CommandRefused, match="taken back already"):
        keytalk.cli("runs", "reverse", cascade["change"], "--yes")


def test_the_whole_prison_can_be_closed_for_the_day_and_opened_again(keytalk, run, cascade):
    asked = ("establishments", "block", "RSI", "2027-03-09", "--reason", "lockdown")
    found = keytalk.cli(*asked, "--dry-run")
    assert [(each["run"], each["number"]) for each in found["sessions"]] == [(run["run"], 9)]
    assert [each["remedy"] for each in found["sessions"][0]["remedies"]] == ["cascade", "make_up", "drop"]

    closed = keytalk.cli(*asked, "--remedy", "make-up", "--yes", "--accept-breaches")
    assert dates(keytalk, run)[8] == "2027-03-10"

    keytalk.cli("runs", "reverse", closed["group"], "--yes", "--accept-breaches")
    assert dates(keytalk, run) == TUESDAYS
