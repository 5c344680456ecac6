"""Two prisons 0.4 km apart want the same pair on the same mornings: one holds them, the other waits and moves up.

Scenario 11 of the domain, on the days it names. The dates were counted on a calendar: after 14 December 2026 come ten
working days, 15 to 18, 21 to 24, 29 and 30 December; after 31 December ten more, 4 to 8 and 11 to 15 January.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

PLACES = {"FSI": "Featherstone (HMP)", "OWI": "Oakwood (HMP)"}


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    """One process, on the morning of 14 December 2026."""
    with Keytalk(demo=True, began_at=datetime(2026, 12, 14, 10, 0, tzinfo=UTC)) as running:
        yield running


@pytest.fixture(scope="module")
def team(keytalk: Keytalk) -> list[str]:
    """Tom and Ana, cleared for both places."""
    known = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    pair = [known["Tom"], known["Ana"]]
    for person in pair:
        for place in PLACES:
            asked = ("--facilitator", person, "--establishment", place)
            keytalk.cli("clearances", "grant", *asked, "--from", "2026-12-01", "--until", "2028-12-31")
    return pair


def ask(keytalk: Keytalk, method: str, **arguments: Any) -> requests.Response:
    """Call an operation of scheduling through the gateway."""
    token = (keytalk.home / "ops-token").read_text().strip()
    return requests.post(
        f"{keytalk.ops_url}/rpc/scheduling/{method}",
        json=arguments,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )


def enquiry(keytalk: Keytalk, place: str) -> str:
    answers = risley_enquiry(establishment=PLACES[place], preferred_start="2027-03-02", organisation=f"HMP {place}")
    answer = keytalk.post(answers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reference"])


def plan(keytalk: Keytalk, reference: str, team: list[str], weekday: str = "tue", window: str = "am") -> dict[str, Any]:
    options = [word for person in team for word in ("--facilitator", person)]
    asked = ("--start", "2027-03-02", "--weekday", weekday, "--window", window)
    run: dict[str, Any] = keytalk.cli("runs", "plan", "--enquiry", reference, *asked, *options)
    return run


def win(keytalk: Keytalk, reference: str) -> None:
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)


def play(keytalk: Keytalk, moment: str) -> None:
    keytalk.cli("jobs", "run-due", "--as-of", moment)


def letters(keytalk: Keytalk, hold: str) -> list[str]:
    """Give what ops and the owners were told about a hold, by occasion."""
    return [row["occasion"] for row in keytalk.cli("messages", "list", "--limit", "1000") if hold in row["occasion"]]


@pytest.fixture(scope="module")
def featherstone(keytalk: Keytalk, team: list[str]) -> dict[str, Any]:
    """Featherstone's hold, placed on 14 December."""
    run = plan(keytalk, enquiry(keytalk, "FSI"), team)
    assert [run["sessions"][0]["date"], run["sessions"][-1]["date"]] == ["2027-03-02", "2027-06-15"]
    hold: dict[str, Any] = keytalk.cli("holds", "place", run["run"])
    return hold


@pytest.fixture(scope="module")
def oakwood(keytalk: Keytalk, team: list[str], featherstone: dict[str, Any]) -> dict[str, Any]:
    """Oakwood's hold of the same mornings."""
    run = plan(keytalk, enquiry(keytalk, "OWI"), team)
    would_be = keytalk.cli("holds", "place", run["run"], "--dry-run")
    assert (would_be["rank"], len(keytalk.cli("holds", "list"))) == (2, 1)
    hold: dict[str, Any] = keytalk.cli("holds", "place", run["run"])
    return hold


def test_featherstone_holds_the_pair_until_30_december(keytalk, featherstone):
    assert (featherstone["rank"], featherstone["expires_on"]) == (1, "2026-12-30")
    assert keytalk.cli("runs", "show", featherstone["run"])["state"] == "held"


def test_oakwood_waits_in_line_and_is_told_behind_whom_and_until_when(keytalk, featherstone, oakwood):
    assert (oakwood["rank"], oakwood["expires_on"]) == (2, None)
    [ahead] = oakwood["waits_for"]
    assert (ahead["establishment"]["name"], ahead["expires_on"]) == ("Featherstone (HMP)", "2026-12-30")
    listed = keytalk.cli("holds", "list", json=False)
    assert "behind Featherstone (HMP) (until Wed 30 Dec 2026)" in listed
    assert "before Oakwood (HMP)" in listed


def test_a_hold_is_not_confirmed_past_another_and_the_words_say_whose_it_is(keytalk, oakwood):
    win(keytalk, oakwood["enquiry"])

    with pytest.raises(CommandRefused, match=r"Featherstone \(HMP\) holds it until the end of 30 December 2026"):
        keytalk.cli("runs", "confirm", oakwood["run"])


def test_near_sites_do_not_defeat_the_gates(keytalk, team, featherstone):
    # Out of one gate takes 30 minutes, into the other 60: after 11:30 that is 13:00 at the earliest, 400 metres away.
    other = enquiry(keytalk, "OWI")
    asked = {"enquiry": other, "start": "2027-03-02", "weekday": "tue", "facilitators": team}

    too_soon = ask(keytalk, "plan_run", **asked, time="12:45").json()["result"]
    after_the_gates = ask(keytalk, "plan_run", **asked, time="13:45").json()["result"]

    assert all("H6" in {breach["rule"] for breach in each["breaches"]} for each in too_soon["sessions"])
    assert not any("H6" in {breach["rule"] for breach in each["breaches"]} for each in after_the_gates["sessions"])


def test_tuesday_afternoon_holds_no_three_hours_and_wednesday_morning_is_an_honest_option(keytalk, team, featherstone):
    other = enquiry(keytalk, "OWI")
    afternoons = plan(keytalk, other, team, window="pm")
    assert all("H1" in {breach["rule"] for breach in each["breaches"]} for each in afternoons["sessions"])
    win(keytalk, other)
    with pytest.raises(CommandRefused, match="H1"):
        keytalk.cli("runs", "confirm", afternoons["run"])

    wednesdays = plan(keytalk, other, team, weekday="wed")

    assert [each["breaches"] for each in wednesdays["sessions"]] == [[]] * 16
    assert wednesdays["sessions"][0]["date"] == "2027-03-03"


def test_the_end_of_30_december_promotes_oakwood_and_both_are_told(keytalk, featherstone, oakwood):
    play(keytalk, "2026-12-30T23:59")
    assert keytalk.cli("holds", "show", featherstone["hold"])["state"] == "active"

    play(keytalk, "2026-12-31T00:00")

    assert keytalk.cli("holds", "show", featherstone["hold"])["state"] == "expired"
    assert keytalk.cli("runs", "show", featherstone["run"])["state"] == "draft"
    promoted = keytalk.cli("holds", "show", oakwood["hold"])
    assert (promoted["rank"], promoted["expires_on"], promoted["waits_for"]) == (1, "2027-01-15", [])
    assert keytalk.cli("runs", "show", oakwood["run"])["state"] == "held"
    for hold in (featherstone, oakwood):
        assert eventually(lambda hold=hold: letters(keytalk, hold["hold"]))


def test_the_promoted_hold_is_confirmed_and_featherstone_is_told_why_it_cannot_be(keytalk, featherstone, oakwood):
    keytalk.cli("runs", "confirm", oakwood["run"])

    assert keytalk.cli("holds", "show", oakwood["hold"])["state"] == "converted"
    win(keytalk, featherstone["enquiry"])
    with pytest.raises(CommandRefused, match="H6"):
        keytalk.cli("runs", "confirm", featherstone["run"])
    with pytest.raises(CommandRefused, match=r"session 1 on 2 March 2027 with a session at Oakwood \(HMP\)"):
        keytalk.cli("holds", "place", featherstone["run"])


def test_of_two_confirms_at_once_exactly_one_wins_and_the_other_is_told_plainly(keytalk, team):
    drafts = []
    for place in ("FSI", "OWI"):
        reference = enquiry(keytalk, place)
        drafts.append(plan(keytalk, reference, team, weekday="thu")["run"])
        win(keytalk, reference)

    with ThreadPoolExecutor(len(drafts)) as pool:
        answers = list(pool.map(lambda run: ask(keytalk, "confirm_run", run=run), drafts))

    assert sorted(each.status_code for each in answers) == [200, 409]
    [refused] = [each.json() for each in answers if each.status_code == 409]
    assert "facilitator" in refused["detail"] or "people" in refused["detail"]
    states = [keytalk.cli("runs", "show", run)["state"] for run in drafts]
    assert sorted(states) == ["confirmed", "draft"]
