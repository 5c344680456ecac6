"""A proposal's page in a real browser: for everybody, at desk and phone size, with and without script."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.browser import axe_check, visiting
from tests.examples import risley_enquiry

PHONE = {"viewport": {"width": 320, "height": 640}}


@pytest.fixture
def link(site) -> str:
    reference = site.post(risley_enquiry(contact_name="Siân Llŷr")).json()["reference"]
    site.cli("proposals", "make", reference, "--extra", "Travel=16x18.50", "--notes", "Croeso.")
    site.cli("proposals", "send", reference)
    token = (site.home / "ops-token").read_text().strip()
    answer = requests.post(
        f"{site.ops_url}/rpc/enquiries/get_proposal_letter",
        json={"proposal_id": reference},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    return answer.json()["result"]["link"]


def say_yes(page: Page) -> None:
    page.get_by_label("Your full name").fill("Siân Ŵyn ap Ŷnyr")
    page.get_by_label("Your role").fill("Pennaeth Addysg")
    page.get_by_label("I may agree to this").check()
    page.get_by_role("button", name="Say yes").click()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_every_page_of_a_proposal_is_for_everybody(browser, link, axe, options):
    with visiting(browser, **options) as page:
        found = []

        def look() -> None:
            found.extend(axe_check(page, axe))
            width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert width[0] <= width[1]

        page.goto(link)
        look()
        page.get_by_role("button", name="Say yes").click()
        expect(page.locator("#problems")).to_be_focused()
        look()
        say_yes(page)
        expect(page.get_by_role("heading", name="you have said yes")).to_be_visible()
        look()
        page.goto(link.replace("~1", "~2"))
        expect(page.get_by_role("heading", name="not complete")).to_be_visible()
        look()

    assert found == []


def test_without_script_a_yes_is_taken_by_keyboard_alone(browser, link):
    with visiting(browser, java_script_enabled=False) as page:
        page.goto(link)
        page.get_by_label("Your full name").focus()
        for keys in ("Siân Ŵyn", "Tab", "Pennaeth", "Tab", "Tab", "Space", "Enter"):
            (page.keyboard.press if keys in {"Tab", "Space", "Enter"} else page.keyboard.type)(keys)

        expect(page.get_by_role("heading", name="you have said yes")).to_be_visible()
        expect(page.get_by_text("Siân Ŵyn, Pennaeth")).to_be_visible()


def test_the_paper_is_downloaded_under_its_name(browser, link):
    with visiting(browser) as page:
        page.goto(link)
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download it as a PDF").click()

    assert waiting.value.suggested_filename.startswith("proposal-KT-")


def test_a_no_closes_the_page_kindly(browser, link):
    with visiting(browser, **PHONE) as page:
        page.goto(link)
        page.get_by_role("button", name="Say no").click()

        expect(page.get_by_text("Thank you for telling us")).to_be_visible()
