"""An offer's page in a real browser: for everybody, at desk and phone size, without script, by keyboard alone."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.browser import axe_check, visiting
from tests.examples import WAY_TO_WON, risley_enquiry

PHONE = {"viewport": {"width": 320, "height": 640}}
WITHOUT_SCRIPT = {"java_script_enabled": False}


@pytest.fixture(scope="module")
def links(embedded) -> dict[str, str]:
    """Offers to Lee, each for a session of its own, in every state that a page can show."""
    people = {each["name"].split()[0]: each["id"] for each in embedded.cli("facilitators", "list")}
    dates = ("--from", "2026-11-01", "--until", "2029-12-31")
    embedded.cli("clearances", "grant", "--facilitator", people["Lee"], "--establishment", "RSI", *dates)
    reference = embedded.post(risley_enquiry()).json()["reference"]
    team = ("--facilitator", people["Tom"], "--facilitator", people["Ana"])
    run = embedded.cli("runs", "plan", "--enquiry", reference, "--start", "2028-06-06", "--window", "pm", *team)
    for stage in WAY_TO_WON:
        embedded.cli("enquiries", "move", reference, stage)
    embedded.cli("runs", "confirm", run["run"])
    ids = [each["id"] for each in run["sessions"]]
    embedded.cli("sessions", "withdraw", *ids[:6], "--facilitator", people["Ana"], "--yes")

    def offered(session: str) -> str:
        asked = ("--session", session, "--facilitator", people["Lee"])
        return embedded.cli("offers", "make", *asked, "--yes")["offer"]

    names = ("lapsed", "open", "to answer", "accepted", "declined", "withdrawn")
    made = {name: offered(each) for name, each in zip(names, ids, strict=False)}
    found = {name: link_of(embedded, each) for name, each in made.items()}
    embedded.cli("offers", "accept", made["accepted"], "--yes")
    embedded.cli("offers", "decline", made["declined"], "--yes")
    embedded.cli("offers", "withdraw", made["withdrawn"], "--yes")
    # The first is on Tuesday 6 June 2028 at 13:45 in summer time.
    embedded.cli("jobs", "run-due", "--as-of", "2028-06-06T10:00")
    return {**found, "unknown": found["open"][:-3]}


def link_of(keytalk, offer: str) -> str:
    token = (keytalk.home / "ops-token").read_text().strip()
    answer = requests.post(
        f"{keytalk.ops_url}/rpc/scheduling/get_offer_letter",
        json={"offer": offer},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    return answer.json()["result"]["link"]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_every_page_of_an_offer_is_for_everybody(browser, links, axe, options):
    with visiting(browser, **options) as page:
        found = []
        for name in ("open", "accepted", "declined", "withdrawn", "lapsed", "unknown"):
            page.goto(links[name])
            found.extend(axe_check(page, axe))
            width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert width[0] <= width[1], name

    assert found == []


def test_without_script_a_yes_is_given_by_keyboard_alone(browser, links):
    with visiting(browser, **PHONE, **WITHOUT_SCRIPT) as page:
        page.goto(links["to answer"])
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Yes, I will lead it")).to_be_focused()
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Thank you, you have said yes")).to_be_visible()
        assert page.context.cookies() == []
