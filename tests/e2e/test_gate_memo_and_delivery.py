"""A memo approved, out of date and sent again; kit refused at one site only; a session delivered, counted, taken back.

Risley, Tuesdays 13:45 to 16:45 from 12 January 2027. Ten working days before are 24 December 2026: between them lie the
weekends, 25 and 28 December and 1 January.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.e2e.letterbox import Letterbox, words
from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

NEEDLES = "acupuncture needles"


@pytest.fixture(scope="module", params=["embedded", "real"])
def servers(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.param == "embedded" else request.getfixturevalue("real_environment")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keytalk") / "home"


def confirmed(keytalk: Keytalk, place: str, *slot: str, team: tuple[str, ...]) -> dict[str, Any]:
    people = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    asked = risley_enquiry(establishment=place, contact_email=f"hub@{place.lower()}.example")
    reference = keytalk.post(asked).json()["reference"]
    led_by = [word for name in team for word in ("--facilitator", people[name])]
    run = keytalk.cli("runs", "plan", "--enquiry", reference, *slot, *led_by)
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    keytalk.cli("runs", "confirm", run["run"])
    return {"run": run["run"], "reference": reference, "people": people}


@pytest.fixture(scope="module")
def december(servers: dict[str, str], home: Path) -> Iterator[Keytalk]:
    """Keytalk in December, before anything is due."""
    began = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    with Keytalk(demo=True, home=home, env=servers, began_at=began) as keytalk:
        yield keytalk


@pytest.fixture(scope="module")
def run(december: Keytalk) -> dict[str, Any]:
    slot = ("--start", "2027-01-12", "--weekday", "tue", "--window", "pm")
    return confirmed(december, "RSI", *slot, team=("Tom", "Ana"))


@pytest.fixture(scope="module")
def elsewhere(december: Keytalk) -> dict[str, Any]:
    """A run at Styal, which says other things to kit than Risley does."""
    slot = ("--start", "2027-01-13", "--weekday", "wed", "--window", "am")
    return confirmed(december, "STI", *slot, team=("Ana", "Lee"))


def task_kinds(keytalk: Keytalk, reference: str) -> list[str]:
    steps = keytalk.cli("enquiries", "show", reference)["timeline"]
    return [each["to"] for each in steps if each["kind"] == "task_added"]


def memo_of(keytalk: Keytalk, run: dict[str, Any]) -> dict[str, Any]:
    return keytalk.cli("memos", "show", run["run"])


def agree(keytalk: Keytalk, run: dict[str, Any], number: str) -> dict[str, Any]:
    """Make the next version, send it, and have it approved."""
    made = keytalk.cli("memos", "make", run["run"], "--host", "Activities hub")
    keytalk.cli("memos", "send", made["memo"], "--yes")
    return keytalk.cli("memos", "approve", made["memo"], "--as", number)


def test_the_prison_is_shown_the_kit_list_fifteen_working_days_before(december, run, servers):
    def lists() -> list[dict[str, Any]]:
        found = december.cli("messages", "list", "--template", "kit_list_contact")
        return [each for each in found if each["recipient"] == f"enquirer:{run['reference']}"]

    eventually(lists)
    december.cli("jobs", "run-due", "--as-of", "2026-12-08T10:00")
    [letter] = eventually(lambda: [each for each in lists() if each["state"] == "accepted"])

    assert letter["due_at"] == "2026-12-08T10:00:00+00:00"
    if not servers:
        [mail] = Letterbox(december, None).to("hub@rsi.example", "What we bring from Tuesday 12 January 2027")
        said = " ".join(words(mail).split())
        assert "To be agreed - 12 personal workbooks" in said
        assert f"- 120 {NEEDLES}, sharp, counted in and out" in said


def test_a_memo_that_nobody_sent_is_asked_for_on_its_day(december, run):
    december.cli("jobs", "run-due", "--as-of", "2026-12-23T06:00")
    december.cli("jobs", "run-due", "--as-of", "2026-12-24T06:00")
    due = eventually(
        lambda: [
            each
            for each in december.cli("tasks", "list", "--enquiry", run["reference"])
            if each["kind"] == "gate_memo_due"
        ]
    )

    assert [each["due_on"] for each in due] == ["2026-12-24"]


def test_a_memo_is_made_sent_with_its_paper_and_approved(december, run, tmp_path):
    made = december.cli("memos", "make", run["run"], "--host", "Activities hub")
    assert (made["state"], made["version"], made["due_on"]) == ("draft", 1, "2026-12-24")
    paper = tmp_path / "memo.pdf"
    december.cli("memos", "pdf", made["memo"], "-o", str(paper), json=False)
    pages = PdfReader(io.BytesIO(paper.read_bytes())).pages
    text = " ".join(pages[0].extract_text().split())
    assert len(pages) == 1
    for said in ("Tom Okafor", "Ana Reyes", "Tue 12 January 2027", "13:45 to 16:45", f"120 {NEEDLES}"):
        assert said in text

    with pytest.raises(CommandRefused, match="Only one that was sent"):
        december.cli("memos", "approve", made["memo"])
    assert december.cli("memos", "send", made["memo"], "--yes")["state"] == "sent"
    occasion = ("--occasion", f"gate_memo:sent:{made['memo']}")
    mail = eventually(lambda: [m for m in december.cli("messages", "list", *occasion) if m["state"] == "accepted"])
    assert [each["recipient"].partition(":")[0] for each in mail] == ["enquirer"]

    assert december.cli("memos", "approve", made["memo"], "--as", "SEC-14")["state"] == "approved"
    with pytest.raises(CommandRefused, match="is approved"):
        december.cli("memos", "refuse", made["memo"])


def test_with_somebody_else_on_one_session_it_is_out_of_date_and_says_what_is_different(december, run):
    people = run["people"]
    access = ("--establishment", "RSI", "--from", "2026-12-01", "--until", "2027-12-31")
    december.cli("clearances", "grant", "--facilitator", people["Lee"], *access)
    december.cli("runs", "swap", run["run"], "2", "--out", people["Ana"], "--in", people["Lee"], "--yes")

    memo = memo_of(december, run)

    assert memo["state"] == "out_of_date"
    assert memo["amendment"] == ["19 January 2027: without Ana Reyes.", "19 January 2027: with Lee Whitfield."]
    eventually(lambda: "memo_out_of_date" in task_kinds(december, run["reference"]))


def test_the_next_version_takes_its_place(december, run):
    second = agree(december, run, "SEC-15")

    assert (second["version"], second["state"], second["amendment"]) == (2, "approved", [])
    names = {each["name"]: len(each["dates"]) for each in second["people"]}
    assert names == {"Tom Okafor": 16, "Ana Reyes": 15, "Lee Whitfield": 1}
    listed = december.cli("memos", "list", "--run", run["run"], "--state", "replaced")
    assert [each["version"] for each in listed] == [1]


def test_kit_that_is_refused_at_one_site_is_a_choice_there_and_stays_agreed_elsewhere(december, run, elsewhere):
    december.cli("kit", "approve", "STI", NEEDLES)

    refused = december.cli("kit", "refuse", "RSI", NEEDLES, "--yes")

    assert [each["run"] for each in refused["needing"]] == [run["run"]]
    eventually(lambda: "kit_refused" in task_kinds(december, run["reference"]))
    assert "kit_refused" not in task_kinds(december, elsewhere["reference"])
    theirs = {each["item"]: each["standing"] for each in december.cli("kit", "list", elsewhere["run"])["items"]}
    assert theirs[NEEDLES] == "approved"
    assert memo_of(december, run)["state"] == "approved"

    kit = december.cli("kit", "leave-out", run["run"], NEEDLES, "--instead", "ear seeds", "--yes")

    assert kit["out_of_date"] == [memo_of(december, run)["memo"]]
    third = agree(december, run, "SEC-16")
    assert {each["item"] for each in third["equipment"]} >= {"ear seeds"}
    assert NEEDLES not in {each["item"] for each in third["equipment"]}


def test_a_session_that_has_not_begun_is_not_delivered(december, run):
    first = december.cli("runs", "show", run["run"])["sessions"][0]["id"]
    with pytest.raises(CommandRefused, match="starts on 12 January 2027 at 13:45"):
        december.cli("sessions", "delivered", first)


@pytest.fixture(scope="module")
def january(december: Keytalk, servers: dict[str, str], home: Path, run: dict[str, Any]) -> Iterator[Keytalk]:
    """Keytalk on the day of the first session, once it is over. December ends with it."""
    december.stop()
    began = datetime(2027, 1, 12, 17, 0, tzinfo=UTC)
    with Keytalk(home=home, env=servers, began_at=began) as keytalk:
        yield keytalk


@pytest.fixture(scope="module")
def first(january: Keytalk, run: dict[str, Any]) -> str:
    return january.cli("runs", "show", run["run"])["sessions"][0]["id"]


def told(keytalk: Keytalk, run: dict[str, Any]) -> list[str]:
    steps = keytalk.cli("enquiries", "show", run["reference"])["timeline"]
    return [each["to"] for each in steps if each["kind"] == "session"]


def test_what_was_counted_out_and_not_in_again_is_said_at_once(january, run, first):
    counts = ("ear seeds=100", "sensory and grounding items=12")
    january.cli("kit", "out", first, *counts)

    [difference] = january.cli("kit", "in", first, "ear seeds=99", counts[1])["differences"]

    assert (difference["item"], difference["missing"]) == ("ear seeds", 1)
    eventually(lambda: "kit_count" in task_kinds(january, run["reference"]))


def test_a_session_is_delivered_and_those_who_came_are_counted(january, run, first):
    assert january.cli("sessions", "delivered", first)["state"] == "delivered"
    came = ("--expected", "12", "--attended", "9", "--late", "1", "--absent", "not_unlocked=2", "--absent", "unwell=1")
    with pytest.raises(CommandRefused, match="do not agree"):
        january.cli("sessions", "attendance", first, *came[:-2])

    counted = january.cli("sessions", "attendance", first, *came)

    assert counted["attendance"]["absent"] == {"not_unlocked": 2, "unwell": 1}
    eventually(lambda: told(january, run) == ["delivered"])
    report = january.cli("runs", "report", run["run"])
    assert (report["planned"], report["delivered"], report["to_come"]) == (16, 1, 15)
    assert january.cli("runs", "report", run["run"], "--external")["attendance"]["late"] is None


def test_a_slip_is_taken_back_the_same_day_and_put_down_otherwise(january, run, first):
    taken_back = january.cli("sessions", "undo", first)
    assert (taken_back["state"], taken_back["attendance"]) == ("planned", None)
    part = ("--cause", "late_unlock", "--party", "prison", "--minutes", "120")

    put_down = january.cli("sessions", "part-delivered", first, *part)

    assert (put_down["state"], put_down["outcome"]["chargeable"]) == ("part_delivered", True)
    eventually(lambda: told(january, run) == ["delivered", "planned", "part_delivered"])


def test_the_memo_of_what_is_to_come_still_stands(january, run):
    assert memo_of(january, run)["state"] == "approved"
    assert memo_of(january, run)["amendment"] == []


def test_no_name_stands_in_the_log(january):
    log = (january.home / "keytalk.log").read_text()

    for name in ("Okafor", "Whitfield", "Activities hub"):
        assert name not in log
