"""A prison asks to begin two weeks later: every date is made anew, and none is found by adding fourteen days.

Scenario 6 of the domain. Bullingdon's Mondays from 15 February 2027 leave out 29 March (Easter Monday), 3 May and
31 May (bank holidays); 14 days later than each, three sessions would fall on just those. Counted on a calendar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

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


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    """One process, on the morning of 1 December 2026."""
    with Keytalk(demo=True, began_at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC)) as running:
        yield running


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
def bullingdon(keytalk: Keytalk, team: tuple[str, ...]) -> dict[str, Any]:
    return confirmed(keytalk, team, "BNI", "2027-02-15", "mon")


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
    found: dict[str, Any] = keytalk.cli("runs", "move-run", bullingdon["run"], "2027-03-01", "--dry-run")
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


def test_styals_wednesdays_move_to_the_end_of_january(keytalk, styal):
    assert dates(styal) == WEDNESDAYS
    assert (WEDNESDAYS[-1], FROM_27_JANUARY[-1]) == ("2027-04-28", "2027-05-12")

    keytalk.cli("runs", "move-run", styal["run"], "2027-01-27", "--yes", "--accept-breaches")

    assert dates(keytalk.cli("runs", "show", styal["run"])) == FROM_27_JANUARY


def test_whom_the_new_dates_find_elsewhere_is_said_with_what_they_clash(keytalk, bullingdon, styal, moved):
    found = keytalk.cli("runs", "change-slot", bullingdon["run"], "--weekday", "wed", "--dry-run")

    assert {each["rule"] for each in found["clashes"]} == {"H6"}
    assert all("Styal" in each["why"] for each in found["clashes"])
    with pytest.raises(CommandRefused):
        keytalk.cli("runs", "change-slot", bullingdon["run"], "--weekday", "wed", "--yes", "--accept-breaches")
    assert dates(keytalk.cli("runs", "show", bullingdon["run"])) == FROM_1_MARCH
