"""A day of an ops coordinator in the console: one enquiry from the form to a run, and what happens to it afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import axe_check, axe_source, chromium, visiting
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, come_as, signed_in
from tests.waiting import eventually

MONDAY = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
ASKED = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Alex Morgan",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "alex.morgan@risley.example",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "preferred_times": "Tuesdays, in the afternoon",
    "message": "We have a quiet room.",
}


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True, began_at=MONDAY) as running:
        add_operator(running, "priya", "coordinator", "scheduler")
        # Somebody who can step in for Ana.
        lee = next(each for each in running.cli("facilitators", "list") if each["name"].startswith("Lee"))
        period = ("--from", "2026-11-01", "--until", "2029-11-01")
        running.cli("clearances", "grant", "--facilitator", lee["id"], "--establishment", "RSI", *period)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(browser, keytalk) -> Iterator[Page]:
    with visiting(browser) as opened:
        come_as(opened, keytalk, signed_in(keytalk))
        yield opened


@pytest.fixture(scope="module")
def reference(page, keytalk) -> str:
    """An enquiry that arrives while Today is open."""
    page.goto(f"{keytalk.ops_url}/today")
    expect(page.get_by_text("Nothing needs you now.")).to_be_visible()
    given = str(keytalk.post(ASKED, key="the-day").json()["reference"])
    expect(page.get_by_role("link", name="Risley (HMP)")).to_be_visible()
    return given


def test_a_new_enquiry_appears_by_itself_and_is_answered(page, keytalk, reference):
    page.get_by_role("link", name="Risley (HMP)").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("HMP Risley")
    page.get_by_label("A reply, to be mailed now").check()
    page.get_by_label("Words").fill("Thank you. Tuesdays look well.")
    page.get_by_role("button", name="Put it on the timeline").click()
    expect(page.get_by_text("Nothing is changed or sent yet.")).to_be_visible()
    expect(page.get_by_text("Alex Morgan, of")).to_be_visible()
    page.get_by_role("button", name="Send it").click()

    expect(page.locator("#timeline")).to_contain_text("priya wrote to the enquirer")
    eventually(lambda: any("Tuesdays look well" in each["text"] for each in _mails(keytalk, reference)), within=30)


def _mails(keytalk, reference):
    listed = keytalk.cli("mail", "list")
    return [keytalk.cli("mail", "show", each["message_id"]) for each in listed if reference in each["subject"]]


def test_it_is_moved_along_to_won_from_the_board(page, keytalk, reference):
    for stage in ("availability", "suitability", "next steps", "agreement", "won"):
        page.goto(f"{keytalk.ops_url}/pipeline")
        card = page.locator(f'[data-reference="{reference}"]')
        card.get_by_text("Move", exact=True).click()
        card.get_by_role("button", name=f"To {stage}").click()
        expect(page.get_by_role("status")).to_contain_text("is moved")

    expect(page.locator('[data-stage="won"]')).to_contain_text(reference)


def test_news_wait_while_something_is_open_on_the_board(page, keytalk, reference):
    page.goto(f"{keytalk.ops_url}/pipeline")
    move = page.locator(f'[data-reference="{reference}"]').get_by_text("Move", exact=True)
    move.click()
    other = keytalk.post(ASKED | {"contact_email": "news@risley.example"}, key="news").json()["reference"]
    expect(page.locator("#board[data-missed]")).to_be_attached(timeout=30_000)
    expect(page.locator(f'[data-reference="{reference}"] details[open]')).to_be_visible()
    move.click()
    page.get_by_role("heading", level=1).click()

    expect(page.locator(f'[data-reference="{other}"]')).to_be_visible()
    expect(page.locator("#board")).to_have_count(1)


@pytest.fixture(scope="module")
def run(page, keytalk, reference) -> str:
    """Its run, planned in the slot that fits best and confirmed."""
    page.goto(f"{keytalk.ops_url}/enquiries/{reference}")
    page.get_by_role("link", name="Plan it anew").click()
    page.get_by_role("button", name="Plan this one").first.click()
    expect(page.get_by_text("Nobody is told before it is confirmed")).to_be_visible()
    page.get_by_role("button", name="See what goes out").click()
    expect(page.get_by_text("Each confirmation has a calendar file of 16 sessions.")).to_be_visible()
    page.get_by_role("button", name="Confirm, and tell everyone").click()
    expect(page.get_by_role("status")).to_contain_text("It is confirmed")
    return page.url


def test_it_is_planned_and_confirmed_and_stands_in_the_calendar(page, keytalk, run):
    page.goto(run)
    expect(page.locator("tbody tr")).to_have_count(16)
    page.get_by_role("link", name="in the calendar").click()

    expect(page.locator("a.mark").first).to_contain_text("Risley (HMP)")
    expect(page.get_by_role("heading", level=1)).to_have_text("January 2027")


def test_week_nine_is_cancelled_once_everything_that_follows_was_seen(page, keytalk, run):
    page.goto(run)
    page.locator("tbody tr").nth(8).get_by_role("link").click()
    page.get_by_text("Cancel it; its number and all later ones").click()
    page.locator("#cascade-cause").select_option("lockdown_or_incident")
    page.locator("#cascade-party").select_option("prison")
    page.locator("details[open]").get_by_role("button", name="See what follows").click()

    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    expect(page.locator("tr.new")).to_contain_text("16 Mar 2027")
    expect(page.get_by_text("Charged by the rule: £0.00.")).to_be_visible()
    page.get_by_role("button", name="Apply, and tell everyone named").click()

    expect(page.locator("tr.gone")).to_contain_text("Cancelled")
    expect(page.get_by_text("priya: cascade, lockdown or incident")).to_be_visible()


def test_somebody_is_off_sick_and_cover_is_asked(page, keytalk, run):
    page.goto(run)
    page.locator("tbody tr").nth(1).get_by_role("link").click()
    page.get_by_role("button", name="Ana Reyes cannot come").click()
    expect(page.get_by_text("Our team gets a task to find cover.")).to_be_visible()
    page.get_by_role("button", name="Take them off").click()
    expect(page.get_by_role("status")).to_contain_text("cover is looked for")
    page.get_by_role("button", name=re.compile("^Ask ")).first.click()
    expect(page.get_by_text("Nothing is changed or sent yet.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Ask ")).click()

    expect(page.get_by_role("status")).to_contain_text("asked by mail")
    assert keytalk.cli("offers", "list")[0]["state"] == "open"


def test_a_change_is_taken_back(page, keytalk, run):
    page.goto(run)
    cascade = page.locator("ol.timeline li", has_text="cascade")
    cascade.get_by_role("button", name="See what taking it back would do").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What taking it back would do")
    page.get_by_role("button", name="Take it back").click()

    expect(page.locator("ol.timeline")).to_contain_text("Taken back by priya")


def test_a_template_is_edited_looked_at_and_published(page, keytalk, reference):
    page.goto(f"{keytalk.ops_url}/templates/enquiry_received")
    for label in ("Text", "Page"):
        box = page.get_by_label(label, exact=True)
        box.fill(box.input_value().replace("Thank you for getting in touch.", "Thank you so much for writing."))
    page.get_by_role("button", name="Keep it as a draft and look at it").click()
    expect(page.locator("pre")).to_contain_text("Thank you so much for writing.")
    expect(page.frame_locator("iframe").get_by_text("Thank you so much for writing.")).to_be_visible()
    page.get_by_label("Why").fill("Warmer")
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_role("status")).to_contain_text("From now on it is sent with version 1")

    another = keytalk.post(ASKED | {"contact_email": "other@risley.example"}, key="another").json()["reference"]
    eventually(lambda: any("Thank you so much" in each["text"] for each in _mails(keytalk, another)), within=30)


def test_a_draft_with_an_error_cannot_go_out(page, keytalk, reference):
    page.goto(f"{keytalk.ops_url}/templates/enquiry_received_ops")
    box = page.get_by_label("Text", exact=True)
    box.fill(box.input_value() + "\n{{ nothing_like_this }}")
    page.get_by_role("button", name="Keep it as a draft and look at it").click()

    expect(page.get_by_role("button", name=re.compile("Publish"))).to_have_count(0)


PAGES = (
    "/today", "/today/not-told", "/tasks", "/pipeline", "/pipeline/list", "/search?words=risley", "/quarantine",
    "/enquiries/new",
    "/calendar?on=2027-01-12", "/calendar/week?on=2027-01-12", "/calendar/gantt?on=2027-01-01", "/calendar/close",
    "/runs", "/clearances", "/memos", "/kit?place=RSI", "/messages", "/messages/ahead", "/messages/not-told",
    "/messages/returned", "/templates", "/templates/enquiry_received", "/templates/enquiry_received/look",
    "/reminders", "/contacts", "/organisations", "/reports", "/reports/funnel", "/account", "/account/second-factor",
    "/system", "/system/jobs/enquiries", "/facilitators", "/places", "/places/RSI", "/holds", "/offers", "/programmes",
)  # fmt: skip

ON_A_PHONE = ("/today", "/pipeline", "/calendar/week?on=2027-01-12", "/messages/not-told")
"""Pages that people open on their way, and so are looked at by axe at that width as well."""


def test_every_page_is_for_everybody_on_a_desk_and_on_a_phone(page, keytalk, run, pytestconfig):
    source, found = axe_source(pytestconfig.cache), []
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for path in (*PAGES, run.removeprefix(keytalk.ops_url), _first_session(keytalk, run)):
        page.set_viewport_size({"width": 1280, "height": 900})
        answer = page.goto(f"{keytalk.ops_url}{path}")
        assert answer is not None
        found += [] if answer.status == 200 else [f"{path}: {answer.status}"]
        found += [f"{path}: {each}" for each in axe_check(page, source)]
        page.set_viewport_size({"width": 320, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [] if wide <= 320 else [f"{path} is {wide} wide on 320"]
        found += [f"{path} on a phone: {each}" for each in axe_check(page, source)] if path in ON_A_PHONE else []
    page.set_viewport_size({"width": 1280, "height": 900})

    assert (found, errors) == ([], [])


def _first_session(keytalk: Keytalk, run: str) -> str:
    shown = keytalk.cli("runs", "show", run.rpartition("/")[2])
    return f"/runs/{shown['run']}/sessions/{shown['sessions'][0]['id']}"


def test_an_enquiry_is_found_opened_and_moved_by_keyboard_alone(page, keytalk, reference):
    other = keytalk.post(
        ASKED | {"contact_email": "kit@risley.example", "establishment": "HMP Styal"}, key="keys"
    ).json()
    eventually(lambda: keytalk.cli("enquiries", "show", other["reference"])["tasks"])
    page.goto(f"{keytalk.ops_url}/today")
    page.keyboard.press("Control+k")
    page.keyboard.type(other["reference"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("HMP Styal")
    _tab_to(page, "Move it")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_have_text("It is moved.")
    assert keytalk.cli("enquiries", "show", other["reference"])["stage"] == "availability"


def _tab_to(page: Page, words: str) -> None:
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            return
    raise AssertionError(f"no press of Tab reaches {words!r}")
