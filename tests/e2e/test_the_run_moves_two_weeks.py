"""A prison asks to begin two weeks later: every date is made anew, and none is found by adding fourteen days.

Scenario 6 of the domain. Bullingdon's Mondays from 15 February 2027 leave out 29 March (Easter Monday), 3 May and
31 May (bank holidays); 14 days later than each, three sessions would fall on just those. Counted on a calendar.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.letterbox import Letterbox, calendar_files, events
from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

MONDAYS = (
    *("2027-02-15", "2027-02-22", "2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22"),
    *("2027-04-05", "2027-04-12", "2027-04-19", "2027-04-26"),
    *("2027-05-10", "2027-05-17", "2027-05-24", "2027-06-07", "2027-06-14", "2027-06-21"),
)
FROM_1_MARCH = (
    *("2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22", "2027-04-05", "2027-04-12", "2027-04-19", "2027-04-26"),
    *("2027-05-10", "2027-05-17", "2027-05-24", "2027-06-07", "2027-06-14", "2027-06-21", "2027-06-28", "2027-07-05"),
)
WEDNESDAYS = tuple((date(2027, 1, 13) + timedelta(weeks=week)).isoformat() for week in range(16))
FROM_27_JANUARY = tuple((date(2027, 1, 27) + timedelta(weeks=week)).isoformat() for week in range(16))
PLACES = {"BNI": "Bullingdon (HMP & YOI)", "STI": "Styal (HMP & YOI)"}


EVERYBODY = ("alex.morgan@", "tom@", "ana@")


@pytest.fixture(scope="module")
def began_at() -> datetime:
    """The morning of 1 December 2026."""
    return datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def team(keytalk: Keytalk) -> tuple[str, ...]:
    known = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    pair = (known["Tom"], known["Ana"])
    for person in pair:
        for place in PLACES:
            asked = ("--facilitator", person, "--establishment", place)
            keytalk.cli("clearances", "grant", *asked, "--from", "2026-11-01", "--until", "2028-12-31")
    return pair


def confirmed(keytalk: Keytalk, team: tuple[str, ...], place: str, start: str, weekday: str) -> dict[str, Any]:
    answers = risley_enquiry(establishment=PLACES[place], organisation=f"HMP {place}", preferred_start=start)
    reference = keytalk.post(answers).json()["reference"]
    who = [word for person in team for word in ("--facilitator", person)]
    asked = ("--start", start, "--weekday", weekday, "--window", "am")
    run = keytalk.cli("runs", "plan", "--enquiry", reference, *asked, *who)
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    stands: dict[str, Any] = keytalk.cli("runs", "confirm", run["run"])
    return stands


@pytest.fixture(scope="module")
def bullingdon(keytalk: Keytalk, team: tuple[str, ...], letterbox: Letterbox) -> dict[str, Any]:
    run = confirmed(keytalk, team, "BNI", "2027-02-15", "mon")
    # A confirmation that nobody has had yet would give way to one with the new dates.
    eventually(lambda: all(letterbox.to(who, "16 session dates") for who in EVERYBODY), within=30)
    return run


@pytest.fixture(scope="module")
def styal(keytalk: Keytalk, team: tuple[str, ...]) -> dict[str, Any]:
    return confirmed(keytalk, team, "STI", "2027-01-13", "wed")


@pytest.fixture(scope="module")
def memo(keytalk: Keytalk, bullingdon: dict[str, Any]) -> str:
    """A gate memo about the whole run, which has gone out."""
    made = keytalk.cli("memos", "make", bullingdon["run"])
    keytalk.cli("memos", "send", made["memo"], "--yes")
    return str(made["memo"])


@pytest.fixture(scope="module")
def diff(keytalk: Keytalk, bullingdon: dict[str, Any], memo: str) -> dict[str, Any]:
    found: dict[str, Any] = keytalk.cli(
        "runs", "move-run", bullingdon["run"], "2027-03-01", "--dry-run", "--accept-breaches"
    )
    return found


@pytest.fixture(scope="module")
def moved(keytalk: Keytalk, bullingdon: dict[str, Any], diff: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = keytalk.cli(
        "runs", "move-run", bullingdon["run"], "2027-03-01", "--yes", "--accept-breaches"
    )
    return done


def dates(run: dict[str, Any]) -> tuple[str, ...]:
    return tuple(each["date"] for each in run["sessions"])


def test_the_run_goes_round_three_bank_holidays_to_begin_with(bullingdon):
    assert dates(bullingdon) == MONDAYS
    assert [each["date"] for each in bullingdon["skipped"]] == ["2027-03-29", "2027-05-03", "2027-05-31"]


def test_fourteen_days_later_would_hit_all_three():
    shifted = {(date.fromisoformat(each) + timedelta(days=14)).isoformat() for each in MONDAYS}

    assert {"2027-03-29", "2027-05-03", "2027-05-31"} <= shifted
    assert set(FROM_1_MARCH) & {"2027-03-29", "2027-05-03", "2027-05-31"} == set()


def test_the_diff_is_of_all_sixteen_with_the_memo_and_the_calendars(diff, memo):
    assert [(each["from_date"], each["to_date"]) for each in diff["moved"]] == list(
        zip(MONDAYS, FROM_1_MARCH, strict=True)
    )
    assert (diff["cancelled"], diff["added"]) == ([], [])
    assert (diff["last_before"], diff["last_after"]) == ("2027-06-21", "2027-07-05")
    assert [each["id"] for each in diff["papers"]["memos"]] == [memo]
    assert diff["calendars"] == {"updated": list(range(1, 17)), "cancelled": [], "new": []}
    assert [each["name"] for each in diff["told"]["facilitators"]] == ["Ana Reyes", "Tom Okafor"]


def test_moved_every_session_keeps_its_id_and_its_entry_rises(keytalk, bullingdon, moved):
    shown = keytalk.cli("runs", "show", bullingdon["run"])

    assert dates(shown) == FROM_1_MARCH
    assert [each["id"] for each in shown["sessions"]] == [each["id"] for each in bullingdon["sessions"]]
    assert [each["date"] for each in shown["skipped"]] == ["2027-03-29", "2027-05-03", "2027-05-31"]


def test_the_memo_is_out_of_date_and_everyone_is_told(keytalk, bullingdon, memo, moved):
    [shown] = [each for each in keytalk.cli("memos", "list", "--run", bullingdon["run"]) if each["memo"] == memo]
    assert shown["state"] == "out_of_date"
    eventually(
        lambda: [each for each in keytalk.cli("messages", "list", "--limit", "1000") if moved["change"] in str(each)],
        within=30,
    )


def test_each_has_one_mail_about_all_sixteen_with_one_calendar_file_and_the_ids_they_have(letterbox, bullingdon, moved):
    ids = [each["id"] for each in bullingdon["sessions"]]

    for who in EVERYBODY:
        eventually(lambda who=who: letterbox.to(who, "A change to your sessions"), within=30)
        [confirmation] = letterbox.to(who, "16 session dates")
        [change] = letterbox.to(who, "A change to your sessions")
        assert list(calendar_files(change)) == ["REQUEST"]
        for mail, days in ((confirmation, MONDAYS), (change, FROM_1_MARCH)):
            [calendar] = calendar_files(mail).values()
            found = events(calendar)
            assert {each: began[:10] for each, (began, _ended) in found.items()} == dict(zip(ids, days, strict=True))


def test_the_old_reminders_are_withdrawn_and_none_of_an_old_date_is_left(keytalk, bullingdon, moved):
    ids = {each["id"] for each in bullingdon["sessions"]}

    def reminders(state: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in keytalk.cli("messages", "list", "--state", state, "--limit", "1000"):
            kind, _colon, session = row["occasion"].rpartition(":")
            if kind.startswith("session_reminder") and session in ids:
                found.setdefault(row["recipient"].partition(":")[0], []).append(row["due_at"][:10])
        return found

    # Five days before a Monday is a Wednesday. The day before is a Sunday: that one goes on the Friday.
    new, old = (
        sorted((date.fromisoformat(day) - timedelta(days=days)).isoformat() for day in of for days in (5, 3))
        for of in (FROM_1_MARCH, MONDAYS)
    )
    assert reminders("scheduled") == {"enquirer": new, "facilitator": sorted([*new, *new])}
    assert reminders("superseded") == {"enquirer": old, "facilitator": sorted([*old, *old])}


def test_the_ledger_proves_that_each_knows_the_new_dates(keytalk, bullingdon, moved):
    proof = keytalk.cli("messages", "proof", bullingdon["run"])

    assert tuple(each["date"] for each in proof["sessions"]) == FROM_1_MARCH
    told = [(len(each["people"]), {person["verdict"] for person in each["people"]}) for each in proof["sessions"]]
    assert told == [(3, {"told"})] * 16
    assert keytalk.cli("messages", "not-told", "--days", "366") == []
    table = keytalk.cli("messages", "proof", bullingdon["run"], "--session", "16", json=False)
    assert "Tom Okafor" in table
    assert "told" in table
    assert "run changed facilitator, Tue" in table


def test_that_somebody_was_rung_is_in_the_proof_too(keytalk, team, bullingdon, moved):
    tom = f"facilitator:{team[0]}"
    last = ("--run", bullingdon["run"], "--session", "16")

    keytalk.cli("messages", "told", tom, "--by", "phone", *last, "--dry-run")
    keytalk.cli("messages", "told", tom, "--by", "phone", *last, "--yes")

    [session] = keytalk.cli("messages", "proof", bullingdon["run"], "--session", "16")["sessions"]
    told = [
        (each["state"], each["says"]["date"])
        for person in session["people"]
        for each in person["messages"]
        if each["template"] == "told_by_hand"
    ]
    assert told == [("accepted", FROM_1_MARCH[-1])]
    with pytest.raises(CommandRefused, match="the id of a run"):
        keytalk.cli("messages", "proof", "the-one-in-bullingdon")
    with pytest.raises(CommandRefused, match="has no part in it"):
        keytalk.cli("messages", "told", "facilitator:nobody", "--by", "phone", *last, "--yes")


def test_styals_wednesdays_move_to_the_end_of_january(keytalk, styal):
    assert dates(styal) == WEDNESDAYS
    assert (WEDNESDAYS[-1], FROM_27_JANUARY[-1]) == ("2027-04-28", "2027-05-12")

    keytalk.cli("runs", "move-run", styal["run"], "2027-01-27", "--yes", "--accept-breaches")

    assert dates(keytalk.cli("runs", "show", styal["run"])) == FROM_27_JANUARY


def test_whom_the_new_dates_find_elsewhere_is_said_with_what_they_clash(keytalk, bullingdon, styal, moved):
    with pytest.raises(CommandRefused) as refused:  # as the change itself is, since a clash is not to be accepted
        keytalk.cli("runs", "change-slot", bullingdon["run"], "--weekday", "wed", "--dry-run")
    found = json.loads(refused.value.stdout)

    assert {each["rule"] for each in found["clashes"]} == {"H6"}
    assert all("Styal" in each["why"] for each in found["clashes"])
    with pytest.raises(CommandRefused):
        keytalk.cli("runs", "change-slot", bullingdon["run"], "--weekday", "wed", "--yes", "--accept-breaches")
    assert dates(keytalk.cli("runs", "show", bullingdon["run"])) == FROM_1_MARCH
