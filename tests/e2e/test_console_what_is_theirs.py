"""What facilitators and commissioners see and do in the console: their own offers, registers and agreements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import axe_check, axe_source, chromium, visiting
from tests.examples import WAY_TO_WON
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, come_as, signed_in
from tests.waiting import eventually

MONDAY_NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
RISLEY = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Alex Morgan",
    "contact_email": "alex.morgan@risley.example",
    "group_size": 10,
}


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True, began_at=MONDAY_NOON) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def people(keytalk) -> dict[str, str]:
    """Ids by first name; Lee can step in at Risley."""
    known = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    period = ("--from", "2026-11-01", "--until", "2029-11-01")
    keytalk.cli("clearances", "grant", "--facilitator", known["Lee"], "--establishment", "RSI", *period)
    return known


@pytest.fixture(scope="module")
def run(keytalk, people) -> dict[str, Any]:
    """A confirmed run on Monday mornings from today on, of an enquiry with an agreement: its first session is over."""
    reference = str(keytalk.post(RISLEY, key="theirs").json()["reference"])
    eventually(lambda: keytalk.cli("enquiries", "show", reference)["tasks"])
    for stage in WAY_TO_WON[:3]:
        keytalk.cli("enquiries", "move", reference, stage)
    keytalk.cli("proposals", "make", reference)
    keytalk.cli("proposals", "send", reference)
    keytalk.cli("proposals", "accept", reference, "--name", "Alex Morgan", "--role", "Head")
    for stage in WAY_TO_WON[3:]:
        keytalk.cli("enquiries", "move", reference, stage)
    slot = ("--start", "2026-11-30", "--weekday", "mon", "--window", "am")
    led_by = ("--facilitator", people["Ana"], "--facilitator", people["Tom"])
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, *slot, *led_by)
    confirmed: dict[str, Any] = keytalk.cli("runs", "confirm", planned["run"])
    return confirmed


@pytest.fixture(scope="module")
def offer(keytalk, people, run) -> str:
    """Ana cannot come to the fifth session, and Lee is asked."""
    fifth = run["sessions"][4]["id"]
    keytalk.cli("sessions", "withdraw", fifth, "--facilitator", people["Ana"])
    return str(keytalk.cli("offers", "make", "--session", fifth, "--facilitator", people["Lee"])["offer"])


def come(keytalk: Keytalk, page: Page, name: str, role: str, whose: str) -> Page:
    add_operator(keytalk, name, role, stands_for=whose)
    come_as(page, keytalk, signed_in(keytalk, name))
    page.goto(f"{keytalk.ops_url}/")
    return page


@pytest.fixture(scope="module")
def ana(browser, keytalk, people, run) -> Iterator[Page]:
    with visiting(browser) as page:
        yield come(keytalk, page, "ana", "facilitator", people["Ana"])


@pytest.fixture(scope="module")
def lee(browser, keytalk, people, offer) -> Iterator[Page]:
    with visiting(browser) as page:
        yield come(keytalk, page, "lee", "facilitator", people["Lee"])


@pytest.fixture(scope="module")
def commissioner(browser, keytalk, run) -> Iterator[Page]:
    whose = eventually(lambda: keytalk.cli("organisations", "list", "--search", "Risley"))[0]["id"]
    found = eventually(lambda: keytalk.cli("organisations", "commissioned", whose)["enquiries"])
    assert [each["reference"] for each in found] == [run["enquiry"]]
    with visiting(browser) as page:
        yield come(keytalk, page, "con", "commissioner", whose)


def test_a_facilitator_says_yes_once_they_have_seen_who_is_told(keytalk, lee, offer):
    lee.goto(f"{keytalk.ops_url}/your-work")
    expect(lee.get_by_role("heading", level=1)).to_contain_text("Your work")
    lee.get_by_role("button", name="Yes, I will").click()
    expect(lee.get_by_text("Nothing is changed or sent yet.")).to_be_visible()
    assert keytalk.cli("offers", "show", offer)["state"] == "open"
    lee.get_by_role("button", name="Yes, I will").click()

    expect(lee.get_by_role("status")).to_contain_text("You lead these sessions")
    expect(lee.get_by_text("Nothing waits for your answer.")).to_be_visible()
    assert keytalk.cli("offers", "show", offer)["state"] == "accepted"


def test_their_calendar_has_their_sessions_and_nobody_elses(keytalk, lee, offer):
    lee.goto(f"{keytalk.ops_url}/your-calendar?on=2027-01-04")

    expect(lee.locator(".mark")).to_have_count(1)
    expect(lee.locator(".mark")).to_contain_text("Risley (HMP)")


def test_a_register_is_handed_in_by_who_led_the_session(keytalk, ana, run):
    ana.goto(f"{keytalk.ops_url}/your-work")
    ana.get_by_role("button", name="It was held").click()
    expect(ana.get_by_role("status")).to_contain_text("It is put down as held.")
    ana.get_by_text("How many came: counts only, never names").click()
    ana.get_by_label("Expected").fill("10")
    ana.get_by_label("Came", exact=True).fill("9")
    ana.get_by_role("button", name="Hand it in").click()
    expect(ana.get_by_role("alert")).to_contain_text("That was not done")
    expect(ana.get_by_label("Expected")).to_have_value("10")
    ana.get_by_label("Unwell").fill("1")
    ana.get_by_role("button", name="Hand it in").click()

    expect(ana.get_by_text("All are in. Thank you.")).to_be_visible()
    delivery = keytalk.cli("sessions", "outcome", run["sessions"][0]["id"])
    assert (delivery["attendance"]["attended"], delivery["attendance"]["submitted_by"]) == (9, "ana")


def test_what_is_anothers_is_not_there(keytalk, ana, offer, people):
    for path in (f"/facilitators/{people['Lee']}", "/offers", f"/offers/{offer}", "/calendar", "/your-agreements"):
        answer = ana.goto(f"{keytalk.ops_url}{path}")
        shown = ana.locator("main").inner_text()
        assert answer is not None
        assert answer.status == 403 or "Lee Whitfield" not in shown, path


def test_an_organisation_sees_its_proposal_agreement_and_what_was_held(keytalk, commissioner, run, ana):
    told = eventually(lambda: keytalk.cli("organisations", "commissioned", organisation(keytalk))["sessions"])
    commissioner.goto(f"{keytalk.ops_url}/")

    assert told[0]["state"] == "delivered"
    expect(commissioner.get_by_role("heading", level=1)).to_have_text("Your agreements")
    main = commissioner.locator("main")
    expect(main).to_contain_text("Session 1 on 2026-11-30")
    expect(main).to_contain_text(f"{run['enquiry']}, version 1 (PDF)")
    expect(main.get_by_role("button")).to_have_count(0)
    with commissioner.expect_response("**/paper") as paper:
        commissioner.evaluate("fetch(document.querySelector('a[href$=paper]').href)")
    assert paper.value.headers["content-type"] == "application/pdf"


def organisation(keytalk: Keytalk) -> str:
    return str(keytalk.cli("organisations", "list", "--search", "Risley")[0]["id"])


@pytest.mark.parametrize(("who", "path"), [("ana", "/your-work"), ("lee", "/your-calendar"),
                                           ("commissioner", "/your-agreements")])  # fmt: skip
def test_the_pages_are_fit_for_everybody(keytalk, request, pytestconfig, who, path):
    page = request.getfixturevalue(who)
    page.goto(f"{keytalk.ops_url}{path}")

    assert axe_check(page, axe_source(pytestconfig.cache)) == []
