"""The page of preferences in a real browser: for everybody, at desk and phone size, without script, by keyboard."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.browser import axe_check, visiting

PHONE = {"viewport": {"width": 320, "height": 640}}
WITHOUT_SCRIPT = {"java_script_enabled": False}


def page_of(keytalk, name: str) -> str:
    [person] = [each["id"] for each in keytalk.cli("facilitators", "list") if each["name"].startswith(name)]
    return keytalk.cli("preferences", "link", f"facilitator:{person}")["page"]


def stop_of(keytalk, name: str) -> str:
    """Give the one-click address of somebody: the service's own keys sign it, as in their mails."""
    from services.notifications.web.preference_links import PreferenceLinks
    from shared.config import read_settings

    links = PreferenceLinks(read_settings(keytalk.environment).secret_keys, keytalk.public_url)
    person = links.read(page_of(keytalk, name).rpartition("/")[2])
    assert person is not None
    return links.one_click(person)


@pytest.fixture(scope="module")
def links(embedded) -> dict[str, str]:
    """The addresses of the pages: of Lee, and for what is stopped already, of Tom."""
    found = {"page": page_of(embedded, "Lee"), "stop": stop_of(embedded, "Lee"), "stopped": stop_of(embedded, "Tom")}
    requests.post(found["stopped"], data={"List-Unsubscribe": "One-Click"}, timeout=30)
    before = "channel=phone&waiting=daily&quiet=yes&quiet_from=17:00&quiet_until=09:30"
    return {**found, "saved": f"{found['page']}/saved?{before}", "unknown": found["page"][:-3]}


def mended(page: Page, links: dict[str, str]) -> None:
    """Have the form say what has to be mended."""
    page.goto(links["page"])
    page.get_by_label("Quiet until").select_option("18:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Please look at this again")).to_be_visible()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_every_page_of_preferences_is_for_everybody(browser, links, axe, options):
    with visiting(browser, **options) as page:
        found = []
        for name in ("page", "mended", "saved", "stop", "stopped", "unknown"):
            if name == "mended":
                mended(page, links)
            else:
                page.goto(links[name])
            found.extend(axe_check(page, axe))
            width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert width[0] <= width[1], name

    assert found == []


def test_without_script_it_is_chosen_and_put_back_by_keyboard_alone(browser, embedded):
    with visiting(browser, **PHONE, **WITHOUT_SCRIPT) as page:
        page.goto(page_of(embedded, "Ana"))
        for _question in ("reach", "waiting"):
            page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_label("Together, in one email a day")).to_be_checked()
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Saved, thank you")).to_be_visible()
        expect(page.get_by_text("Comes together, in one email a day")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Put it back as it was")).to_be_focused()
        page.keyboard.press("Enter")

        expect(page.get_by_text("Comes as it happens")).to_be_visible()
        assert page.context.cookies() == []


def test_what_has_to_be_mended_is_one_step_away(browser, links):
    with visiting(browser, **WITHOUT_SCRIPT) as page:
        mended(page, links)
        page.get_by_role("link", name="Choose two different times").click()

        expect(page.get_by_label("Quiet until")).to_be_focused()
        expect(page.get_by_label("Quiet until")).to_have_accessible_description(
            "Quiet hours need an end other than their beginning. Choose two different times, or no quiet hours."
        )
