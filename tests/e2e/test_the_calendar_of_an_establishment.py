"""An establishment's calendar, kept from the command line, and the run whose dates and times follow it."""

from __future__ import annotations

import pytest

from tests.examples import risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk

WEEKS = (
    *("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16", "2027-02-23", "2027-03-02"),
    *("2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20", "2027-04-27", "2027-05-04"),
)
"""Sixteen Tuesdays from 12 January, but for 9 March."""
EARLIER = {"2027-02-02", "2027-02-09", "2027-02-16"}


def planned(keytalk: Keytalk, *words: str) -> dict:
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    return keytalk.cli("runs", "plan", "--enquiry", reference, *words)


def test_a_run_follows_the_timetable_of_each_date_and_goes_round_a_closure(embedded, tmp_path):
    regimes = tmp_path / "regimes.csv"
    regimes.write_text(
        "prison_id,day_of_week,am_start,am_finish,pm_start,pm_finish,valid_from,valid_until\n"
        "RSI,TUESDAY,08:30,11:30,13:15,16:15,2027-02-02,2027-02-16\n"
    )
    closures = tmp_path / "closures.csv"
    closures.write_text("prison_id,first,last,why\nRSI,2027-03-08,2027-03-12,staff_training\n")
    assert embedded.cli("establishments", "regimes", str(regimes))["added"] == 1
    assert embedded.cli("establishments", "import-blackouts", str(closures))["added"] == 1
    assert embedded.cli("establishments", "import-blackouts", str(closures))["unchanged"] == 1

    run = planned(embedded, "--start", "2027-01-12", "--weekday", "tue", "--window", "pm")

    assert [each["date"] for each in run["sessions"]] == list(WEEKS)
    assert run["skipped"] == [{"date": "2027-03-09", "why": "staff training"}]
    begins = {each["date"]: (each["start"], each["end"]) for each in run["sessions"]}
    assert begins == {day: ("13:15", "16:15") if day in EARLIER else ("13:45", "16:45") for day in WEEKS}


def test_a_weekday_without_sessions_for_a_while_is_passed_by(embedded):
    embedded.cli(
        *("establishments", "set-windows", "BNI", "--days", "wed", "--no-sessions"),
        *("--from", "2027-02-01", "--until", "2027-02-28"),
    )

    run = planned(embedded, "--establishment", "BNI", "--start", "2027-01-27", "--weekday", "wed")

    assert [each["date"] for each in run["sessions"][:2]] == ["2027-01-27", "2027-03-03"]
    assert {each["why"] for each in run["skipped"]} == {"no sessions on Wednesdays until 28 February 2027"}


def test_a_place_in_scotland_is_put_on_file_and_keeps_its_own_bank_holidays(embedded):
    added = embedded.cli(
        *("establishments", "add", "CVI", "--name", "Cornton Vale (HMP & YOI)", "--nation", "scotland"),
        *("--town", "Stirling", "--latitude", "56.14", "--longitude", "-3.92", "--memo-days", "15"),
    )
    [christmas] = added["blackouts"]
    embedded.cli("establishments", "change-blackout", christmas["id"], "--first", "2026-12-24", "--last", "2026-12-26")
    embedded.cli("establishments", "set-windows", "CVI", "--days", "mon-fri", "--am", "08:30-11:45")

    run = planned(embedded, "--establishment", "CVI", "--start", "2026-12-28", "--weekday", "mon", "--window", "am")

    # Scotland keeps 4 January for the 2nd, and works on Easter Monday.
    assert [(each["date"], each["why"]) for each in run["skipped"]] == [
        ("2026-12-28", "Boxing Day"),
        ("2027-01-04", "2nd January"),
    ]
    assert [each["date"] for each in run["sessions"]][-5:] == [
        *("2027-03-29", "2027-04-05", "2027-04-12", "2027-04-19", "2027-04-26"),
    ]
    shown = embedded.cli("establishments", "show", "CVI")
    assert (shown["memo_lead_days"], shown["bank_holidays"]["division"]) == (15, "scotland")


def test_what_cannot_be_is_refused_with_the_mend(embedded):
    with pytest.raises(CommandRefused, match="no window runs over midnight"):
        embedded.cli("establishments", "set-windows", "RSI", "--days", "mon", "--ed", "22:00-01:00")
    with pytest.raises(CommandRefused, match="needs no approval"):
        embedded.cli("establishments", "approve-under-18", "RSI", "--reason", "agreed_by_governor")


def test_the_two_prisons_of_wolverhampton_are_a_minute_apart_until_somebody_says_otherwise(embedded):
    assert embedded.cli("establishments", "travel", "FSI", "OWI")["minutes"] == 1
    embedded.cli("establishments", "set-travel", "OWI", "FSI", "--minutes", "6")
    assert embedded.cli("establishments", "travel", "FSI", "OWI")["minutes"] == 6
