"""An enquiry in the console, as a coordinator works on it in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import axe_check, axe_source, chromium, visiting
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, come_as, csrf_token, signed_in
from tests.waiting import eventually

ASKED = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Alex <script>document.title='taken'</script> Morgan",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "alex.morgan@risley.example",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "preferred_times": "Tuesdays, in the afternoon",
    "message": "We have a quiet room.",
}


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True) as running:
        add_operator(running, "priya", "coordinator")
        add_operator(running, "vera", "viewer")
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def priya(keytalk) -> requests.Session:
    return signed_in(keytalk)


@pytest.fixture
def page(browser, keytalk, priya) -> Iterator[Page]:
    with visiting(browser) as opened:
        come_as(opened, keytalk, priya)
        yield opened


@pytest.fixture(scope="module")
def counted() -> Iterator[int]:
    return iter(range(1, 100))


@pytest.fixture
def reference(keytalk, counted) -> str:
    """A new enquiry that is filed."""
    number = next(counted)
    asked = ASKED | {"contact_email": f"alex.{number}@risley.example", "preferred_start": f"2027-0{number % 8 + 1}-12"}
    given = keytalk.post(asked, key=f"k-{number}").json()["reference"]
    eventually(lambda: keytalk.cli("enquiries", "show", given)["tasks"])
    return str(given)


def test_the_words_come_first_and_what_was_typed_is_never_run(page, keytalk, reference):
    page.goto(f"{keytalk.ops_url}/enquiries/{reference}")

    expect(page.locator("h2").first).to_have_text("What they asked")
    expect(page.get_by_text("We have a quiet room.")).to_be_visible()
    expect(page.get_by_text("Alex <script>")).to_be_visible()
    expect(page).to_have_title(f"{reference}, HMP Risley – Keytalk")


def test_a_note_and_a_move_are_on_the_timeline(page, keytalk, reference):
    page.goto(f"{keytalk.ops_url}/enquiries/{reference}")
    page.get_by_label("Words").fill("Spoke with the gate.")
    page.get_by_role("button", name="Put it on the timeline").click()
    expect(page.get_by_role("status")).to_have_text("Your note is on the timeline.")
    page.get_by_role("button", name="Move it").click()

    timeline = page.locator("#timeline")
    expect(timeline.get_by_text("priya moved it from new to availability")).to_be_visible()
    expect(timeline.get_by_text("Spoke with the gate.")).to_be_visible()


def test_a_refusal_is_said_where_the_mend_is_and_nothing_changes(page, keytalk, reference):
    page.goto(f"{keytalk.ops_url}/enquiries/{reference}")
    page.get_by_label("Move to").select_option("declined")
    page.get_by_role("button", name="Move it").click()

    expect(page.get_by_role("alert")).to_contain_text("Say why")
    expect(page.locator("#reason-mend")).to_contain_text("Say why")
    assert page.get_by_label("Move to").input_value() == "declined"
    assert keytalk.cli("enquiries", "show", reference)["stage"] == "new"


def test_a_proposal_is_made_looked_at_and_sent(page, keytalk, reference):
    page.goto(f"{keytalk.ops_url}/enquiries/{reference}")
    page.get_by_text("Make a proposal").click()
    page.get_by_role("button", name="Make a draft").click()
    page.get_by_role("link", name="Version 1").click()
    expect(page.get_by_text("£4,000.00").first).to_be_visible()
    page.get_by_role("button", name="See what goes out").first.click()
    expect(page.get_by_text("a link by which they read, print and accept it")).to_be_visible()
    assert keytalk.cli("enquiries", "show", reference)["proposals"][0]["state"] == "draft"
    page.get_by_role("button", name="Send it now").click()

    expect(page.get_by_role("status")).to_have_text("It goes out by mail.")
    (sent,) = keytalk.cli("enquiries", "show", reference)["proposals"]
    assert sent["state"] == "sent"


def test_a_double_press_is_one_change(keytalk, priya, reference):
    address = f"{keytalk.ops_url}/enquiries/{reference}"
    given = {"csrf_token": csrf_token(priya.get(address, timeout=30).text), "key": f"one-{reference}", "way": "note"}

    for _ in range(2):
        priya.post(f"{address}/say", data=given | {"words": "Once, please."}, timeout=30).raise_for_status()

    notes = [entry for entry in keytalk.cli("enquiries", "show", reference)["timeline"] if entry["kind"] == "noted"]
    assert len(notes) == 1


def test_a_viewer_is_offered_no_change_and_is_refused_one(keytalk, reference):
    vera = signed_in(keytalk, "vera")
    address = f"{keytalk.ops_url}/enquiries/{reference}"
    shown = vera.get(address, timeout=30).text
    token = csrf_token(shown)
    answer = vera.post(f"{address}/move", data={"csrf_token": token, "to": "availability"}, timeout=30)

    assert "We have a quiet room." in shown
    assert "Move it" not in shown
    assert answer.status_code == 403
    assert keytalk.cli("enquiries", "show", reference)["stage"] == "new"


def test_a_post_from_elsewhere_changes_nothing(keytalk, priya, reference):

    priya.post(f"{keytalk.ops_url}/enquiries/{reference}/move", data={"to": "availability"}, timeout=30)

    assert keytalk.cli("enquiries", "show", reference)["stage"] == "new"


def test_the_page_is_for_everybody(page, keytalk, reference, pytestconfig):
    page.goto(f"{keytalk.ops_url}/enquiries/{reference}")
    source = axe_source(pytestconfig.cache)
    assert axe_check(page, source) == []

    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe_check(page, source) == []
