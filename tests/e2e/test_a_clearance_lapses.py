"""A clearance that ends in the middle of a run: seen when it is planned, told of in time, mended by a renewal.

Scenario 1 of the domain: Risley, Tuesdays 13:45 to 16:45 from 12 January to 27 April 2027, which fills the afternoon to
the minute; Ana's access ends on Friday 19 March 2027, after session 10. All dates were counted on a calendar.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
import requests

from tests.e2e.letterbox import words
from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually

DATES = [
    *("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16", "2027-02-23", "2027-03-02"),
    *("2027-03-09", "2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20", "2027-04-27"),
]
AFTER_IT_ENDS = [11, 12, 13, 14, 15, 16]
NOTICES = {"2026-12-19": 90, "2027-01-18": 60, "2027-02-17": 30, "2027-03-05": 14, "2027-03-12": 7}


LETTER = "Something to renew by Friday 19 March 2027"


@pytest.fixture(scope="module")
def began_at() -> datetime:
    """The morning of 1 December 2026."""
    return datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def people(keytalk: Keytalk) -> dict[str, dict[str, Any]]:
    """Ana, whose access to Risley ends on 19 March, Tom, whose access does not, and Lee, who has none there."""
    known = {each["name"].split()[0]: each for each in keytalk.cli("facilitators", "list")}
    keytalk.cli("clearances", "change", risley(known["Ana"])["id"], "--until", "2027-03-19")
    assert [each["establishment"] for each in known["Lee"]["clearances"]] == ["BNI", "DHI", "STI"]
    return known


def risley(person: dict[str, Any]) -> dict[str, Any]:
    [found] = [each for each in person["clearances"] if each["establishment"] == "RSI"]
    return found


@pytest.fixture(scope="module")
def run(keytalk: Keytalk, people: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The draft, with Tom and Ana."""
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    team = [word for name in ("Tom", "Ana") for word in ("--facilitator", people[name]["id"])]
    asked = ("--start", "2027-01-12", "--weekday", "tue", "--window", "pm", *team)
    return keytalk.cli("runs", "plan", "--enquiry", reference, *asked)


def broken(run: dict[str, Any], rule: str) -> dict[int, list[str]]:
    """Give why, by session, where a rule is not kept."""
    found = {
        each["number"]: [one["why"] for one in each["breaches"] if one["rule"] == rule] for each in run["sessions"]
    }
    return {number: whys for number, whys in found.items() if whys}


def notices(keytalk: Keytalk, email: str) -> list[tuple[str, str, int]]:
    """Give what was told of somebody's papers: what, where, which of the five notices."""
    token = (keytalk.home / "ops-token").read_text().strip()
    answer = requests.post(
        f"{keytalk.ops_url}/rpc/scheduling/export_person",
        json={"references": [], "emails": [email]},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    [person] = answer.json()["result"]["facilitators"]
    return [(each["what"], each["of"], each["days"]) for each in person["notices"]]


def play(keytalk: Keytalk, day: str, hour: str = "15:00") -> None:
    keytalk.cli("jobs", "run-due", "--as-of", f"{day}T{hour}")


def cover(keytalk: Keytalk, run: dict[str, Any], number: int) -> dict[str, Any]:
    [session] = [each["id"] for each in run["sessions"] if each["number"] == number]
    return keytalk.cli("sessions", "cover", session)


def test_planning_shows_which_sessions_come_after_it_ends(keytalk, run):
    assert [(each["date"], each["start"], each["end"]) for each in run["sessions"]] == [
        (on, "13:45", "16:45") for on in DATES
    ]
    whys = broken(run, "H3")
    assert list(whys) == AFTER_IT_ENDS
    assert all("Ana Reyes" in why and "19 March 2027" in why for said in whys.values() for why in said)


def test_the_afternoon_that_is_filled_to_the_minute_is_warned_of(run):
    assert broken(run, "H1") == {}
    [slack] = [each["why"] for each in run["warnings"] if each["code"] == "slack"]
    assert "use 180 of the window's 180 minutes" in slack


def test_the_matrix_says_when_it_ends(keytalk, people, run):
    matrix = keytalk.cli("clearances", "matrix", "--establishment", "RSI", "--on", "2026-12-19")

    states = {each["name"]: each["cells"][0] for each in matrix["facilitators"]}
    assert (states["Ana Reyes"]["state"], states["Ana Reyes"]["days_left"]) == ("expiring", 90)
    assert {states[name]["state"] for name in states if name.startswith("Tom")} == {"valid"}
    assert {states[name]["state"] for name in states if name.startswith("Lee")} == {"none"}
    table = keytalk.cli("clearances", "matrix", "--establishment", "RSI", "--on", "2026-12-19", json=False)
    assert "ENDS 2027-03-19, in 90 days" in table


def test_looking_ahead_shows_each_notice_on_its_day_and_why(keytalk, people, run):
    ahead = keytalk.cli("messages", "simulate", "--days", "110")

    hers = [each for each in ahead["messages"] if each["recipient"] == f"facilitator:{people['Ana']['id']}"]
    ends = [each for each in hers if "Risley" in each["why"]]
    assert {each["due_at"]: each["why"] for each in ends} == {
        f"{day}T15:00:00+00:00": f"expiry near: clearance for Risley (HMP) ends in {left} days, Fri 19 Mar 2027"
        for day, left in NOTICES.items()
    }
    assert ahead["missing"] == []


def test_lee_is_not_asked_to_stand_in_where_lee_is_not_cleared(keytalk, people, run):
    found = cover(keytalk, run, 11)

    assert found["can"] == []
    [lee] = [each for each in found["cannot"] if each["name"] == "Lee Whitfield"]
    assert "H3" in str(lee)


def test_she_and_we_are_told_on_the_first_two_of_the_five_days(keytalk, people, run):
    email = people["Ana"]["email"]
    told = []
    for day in ("2026-12-18", "2026-12-19", "2026-12-20", "2027-01-17", "2027-01-18"):
        if day in NOTICES:
            play(keytalk, day, "14:59")
            assert notices(keytalk, email) == told
            told.append(("clearance", "RSI", NOTICES[day]))
        # Twice: what is played again is told once.
        play(keytalk, day)
        play(keytalk, day)
        assert notices(keytalk, email) == told

    assert eventually(lambda: (asked := recipients(keytalk)) and asked == ["facilitator", "facilitator", "ops", "ops"])


def test_her_letters_say_what_ends_where_and_when_and_what_happens_next(letterbox, people):
    def hers() -> list[EmailMessage]:
        found = letterbox.to(people["Ana"]["email"], LETTER)
        return found if len(found) == 2 else []

    letters = eventually(hers)

    for letter in letters:
        assert "Risley" in words(letter)
        assert "Friday 19 March 2027" in words(letter)
        assert "What happens next" in words(letter)


def recipients(keytalk: Keytalk) -> list[str]:
    """Give who is written to about what ends: each time she and the ops team."""
    rows = keytalk.cli("messages", "list", "--limit", "1000")
    return sorted(row["recipient"].split(":")[0] for row in rows if row["occasion"].startswith("expiry"))


def test_granting_a_renewal_clears_all_six_and_no_later_notice_is_told(keytalk, letterbox, people, run):
    renewal = ("--from", "2027-03-20", "--until", "2029-03-19")
    keytalk.cli("clearances", "grant", "--facilitator", people["Ana"]["id"], "--establishment", "RSI", *renewal)

    assert broken(keytalk.cli("runs", "show", run["run"]), "H3") == {}
    for day in ("2027-02-17", "2027-03-05", "2027-03-12"):
        play(keytalk, day)
    assert notices(keytalk, people["Ana"]["email"]) == [("clearance", "RSI", 90), ("clearance", "RSI", 60)]
    assert len(letterbox.to(people["Ana"]["email"], LETTER)) == 2


def test_if_it_is_not_renewed_the_other_three_are_told_and_lee_is_asked_only_once_cleared(
    keytalk, letterbox, people, run
):
    [ana] = [each for each in keytalk.cli("facilitators", "list") if each["name"] == "Ana Reyes"]
    [renewal] = [each for each in ana["clearances"] if each["valid_from"] == "2027-03-20"]
    keytalk.cli("clearances", "suspend", renewal["id"])

    assert list(broken(keytalk.cli("runs", "show", run["run"]), "H3")) == AFTER_IT_ENDS
    for day in ("2027-02-17", "2027-03-05", "2027-03-12"):
        play(keytalk, day)
    assert [days for _, _, days in notices(keytalk, ana["email"])] == list(NOTICES.values())
    eventually(lambda: len(letterbox.to(ana["email"], LETTER)) == 5)
    dates = ("--from", "2027-03-01", "--until", "2027-04-06")
    keytalk.cli("clearances", "grant", "--facilitator", people["Lee"]["id"], "--establishment", "RSI", *dates)
    able = [number for number in (7, 8, 13, 14) if can(cover(keytalk, run, number), "Lee Whitfield")]
    # From 2 March to 6 April: sessions 8 to 13.
    assert able == [8, 13]


def can(found: dict[str, Any], name: str) -> bool:
    return name in {each["name"] for each in found["can"]}
