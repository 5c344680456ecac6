"""A lockdown on the morning of week nine: what can be done is shown first, then done, told, and undone the same day.

Scenario 2 of the domain, on its own days: Risley, Tuesdays 13:45 to 16:45 from 12 January 2027, and 9 March at 08:20.
The dates were counted on a calendar: 16 Tuesdays to 27 April, none of them a bank holiday; a week later each, 4 May.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.letterbox import Letterbox, calendar_files, events, words
from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

TUESDAYS = (
    *("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16", "2027-02-23", "2027-03-02"),
    *("2027-03-09", "2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20", "2027-04-27"),
)
CASCADED = (*TUESDAYS[:8], *TUESDAYS[9:], "2027-05-04")
WHY = ("--cause", "lockdown", "--party", "prison")
# Five days before a Tuesday and the day before. Easter Monday, 29 March, and 3 May are bank holidays: the reminder for
# the day after goes on the last working day before, and where that is the fifth day before, one says it all.
_LATER = ("03-18", "03-22", "03-25", "04-01", "04-05", "04-08", "04-12", "04-15", "04-19", "04-22", "04-26")
REMINDED_OF_TUESDAYS = {f"2027-{day}" for day in ("03-11", "03-15", *_LATER)}
REMINDED_OF_CASCADED = REMINDED_OF_TUESDAYS | {"2027-04-29", "2027-04-30"}
EVERYBODY = ("alex.morgan@", "tom@", "ana@")
BLAME = ("fault", "blame", "offender", "inmate", "failed", "unfortunately")


@pytest.fixture(scope="module", params=["embedded", "real"])
def servers(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings that name servers: none, or those of real ones."""
    return {} if request.param == "embedded" else request.getfixturevalue("real_environment")


@pytest.fixture(scope="module")
def december(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> tuple[Path, dict[str, Any]]:
    """A run that was confirmed in December, and the home it is in."""
    home = tmp_path_factory.mktemp("keytalk") / "home"
    began = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    with Keytalk(demo=True, home=home, env=servers, began_at=began) as keytalk:
        people = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
        reference = keytalk.post(risley_enquiry()).json()["reference"]
        team = ("--facilitator", people["Tom"], "--facilitator", people["Ana"])
        asked = ("--start", "2027-01-12", "--weekday", "tue", "--window", "pm")
        run = keytalk.cli("runs", "plan", "--enquiry", reference, *asked, *team)
        for stage in WAY_TO_WON:
            keytalk.cli("enquiries", "move", reference, stage)
        confirmed = keytalk.cli("runs", "confirm", run["run"])
        told = ("messages", "list", "--state", "accepted", "--limit", "1000")
        eventually(lambda: str(keytalk.cli(*told)).count(f"run_confirmed:{run['run']}") == 3, within=30)
    return home, {**confirmed, "people": people}


@pytest.fixture(scope="module")
def run(december: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    return december[1]


@pytest.fixture(scope="module")
def keytalk(december: tuple[Path, dict[str, Any]], servers: dict[str, str]) -> Iterator[Keytalk]:
    """Keytalk on 9 March 2027 at 08:20. Since the run was confirmed, Ana's access was found to end on 19 March."""
    home, run = december
    began = datetime(2027, 3, 9, 8, 20, tzinfo=UTC)
    with Keytalk(home=home, env=servers, began_at=began) as running:
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


def mails_about_the_change(letterbox: Letterbox, who: str) -> list[EmailMessage]:
    """Give the mails to somebody in which the ninth session has its new date and the last one is a week later."""
    return [each for each in letterbox.to(who) if "16 March 2027" in words(each) and "4 May 2027" in words(each)]


def reminded_on(keytalk: Keytalk, run: dict[str, Any], state: str) -> dict[str, set[str]]:
    """Give the days of the reminders of sessions 9 to 16 in one state, by the kind of their recipient."""
    live = {each["id"] for each in keytalk.cli("runs", "show", run["run"])["sessions"] if each["number"] >= 9}
    found: dict[str, set[str]] = {}
    for row in keytalk.cli("messages", "list", "--state", state, "--limit", "1000"):
        kind, _colon, session = row["occasion"].rpartition(":")
        if kind.startswith("session_reminder") and session in live:
            found.setdefault(row["recipient"].partition(":")[0], set()).add(row["due_at"][:10])
    return found


@pytest.fixture(scope="module")
def diff(keytalk: Keytalk, run: dict[str, Any]) -> dict[str, Any]:
    return keytalk.cli("runs", "cascade", run["run"], "9", *WHY, "--dry-run", "--accept-breaches")


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


def test_all_three_are_told_within_a_minute_and_no_message_names_blame(keytalk, letterbox, run, cascade):
    told = {f"enquirer:{run['enquiry']}", *(f"facilitator:{run['people'][name]}" for name in ("Tom", "Ana"))}

    def gone_out() -> list[dict[str, Any]]:
        found = [each for each in letters(keytalk, cascade["change"]) if each["state"] == "accepted"]
        return found if {each["recipient"] for each in found} == told else []

    for letter in eventually(gone_out, within=60):
        due, accepted = (datetime.fromisoformat(letter[name]) for name in ("due_at", "accepted_at"))
        assert accepted - due < timedelta(minutes=1)
    for who in EVERYBODY:
        [mail] = mails_about_the_change(letterbox, who)
        said = words(mail) + mail["Subject"]
        assert "9 March 2027" in said
        assert not any(word in said.lower() for word in BLAME)
        assert sorted(calendar_files(mail)) == ["CANCEL", "REQUEST"]


def test_their_calendars_lose_the_ninth_and_have_the_others_a_week_later(keytalk, letterbox, run, cascade):
    after, before = ids(keytalk, run), {each["number"]: each["id"] for each in run["sessions"]}

    for who in EVERYBODY:
        [mail] = mails_about_the_change(letterbox, who)
        files = {method: events(each) for method, each in calendar_files(mail).items()}
        assert {id_: began for id_, (began, _ended) in files["CANCEL"].items()} == {before[9]: "2027-03-09T13:45"}
        assert {id_: began[:10] for id_, (began, _ended) in files["REQUEST"].items()} == {
            after[number]: CASCADED[number - 1] for number in range(9, 17)
        }


def test_the_reminders_of_week_nine_are_withdrawn_and_new_ones_are_made(keytalk, run, cascade):
    waiting = reminded_on(keytalk, run, "scheduled")

    assert waiting == {"enquirer": REMINDED_OF_CASCADED, "facilitator": REMINDED_OF_CASCADED}


def test_the_ledger_proves_that_all_know_of_the_cancelled_one_and_of_its_new_date(keytalk, run, cascade):
    nine = keytalk.cli("messages", "proof", run["run"], "--session", "9")["sessions"]

    assert [(each["date"], each["takes_place"]) for each in nine] == [("2027-03-09", False), ("2027-03-16", True)]
    for each in nine:
        assert [person["verdict"] for person in each["people"]] == ["told", "told", "told"]
    assert keytalk.cli("messages", "not-told") == []


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
    eventually(lambda: len([each for each in letters(keytalk, back["change"]) if each["state"] == "accepted"]) == 3)
    # Those of the ninth had come before it was called off, and its own time is too near for others.
    waiting = reminded_on(keytalk, run, "scheduled")
    assert waiting == {"enquirer": REMINDED_OF_TUESDAYS, "facilitator": REMINDED_OF_TUESDAYS}
    assert keytalk.cli("messages", "not-told") == []
    with pytest.raises(CommandRefused, match="taken back already"):
        keytalk.cli("runs", "reverse", cascade["change"], "--yes")


def test_the_whole_prison_can_be_closed_for_the_day_and_opened_again(keytalk, run, cascade):
    asked = ("establishments", "block", "RSI", "2027-03-09", "--reason", "lockdown")
    found = keytalk.cli(*asked, "--dry-run", "--accept-breaches")
    assert [(each["run"], each["number"]) for each in found["sessions"]] == [(run["run"], 9)]
    assert [each["remedy"] for each in found["sessions"][0]["remedies"]] == ["cascade", "make_up", "drop"]

    closed = keytalk.cli(*asked, "--remedy", "make-up", "--yes", "--accept-breaches")
    assert dates(keytalk, run)[8] == "2027-03-10"

    keytalk.cli("runs", "reverse", closed["group"], "--yes", "--accept-breaches")
    assert dates(keytalk, run) == TUESDAYS
