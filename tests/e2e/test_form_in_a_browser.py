"""The form in a real browser: read, filled in by keyboard, without script, on a phone, sent once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import SIAN, STEPS, Form, axe_check, visiting

BAD = {
    "contact": {"contact_email": "sian@ynyshir", "contact_phone": ""},
    "group": {"group_size": "a dozen"},
    "when": {"preferred_start": ("31", "2", "2027"), "preferred_times": ""},
    "more": {"message": "She has worked with A1234BC."},
}
"""Answers that need a change; the first three pages are sent empty instead."""

FIRST_BOX = {
    "How many people": "#group_size",
    "When would suit you": "#preferred_start",
    "Is there anything else": ".onward",
}
"""From where Enter goes on; in a box of several lines it begins another line."""

SMALL_TARGETS = """[...document.querySelectorAll("button, input, select, textarea, li[role=option]")]
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().x >= 0)
    .filter(each => Math.min(each.getBoundingClientRect().width, each.getBoundingClientRect().height) < 24)
    .map(each => each.outerHTML)"""


def enquiries(site) -> list[str]:
    return [each["reference"] for each in site.cli("enquiries", "list")]


def show_with_its_problem(form: Form, step: str) -> None:
    if step in BAD:
        form.fill(step, SIAN | BAD[step])
    form.onward()
    expect(form.page.locator("#problems")).to_be_focused()


def each_view(form: Form):
    """Go through the whole form and stop at each page: plain, with a problem, with the list open."""
    form.begin()
    for step in STEPS:
        yield step
        show_with_its_problem(form, step)
        yield f"{step} with a problem"
        if step == "place":
            form.page.locator("#establishment").fill("e")
            form.page.keyboard.press("ArrowDown")
            yield "place with its list open"
            form.page.keyboard.press("ArrowUp")
            form.page.keyboard.press("ArrowUp")
            form.page.keyboard.press("Enter")
            yield "place that is not listed"
        form.fill(step)
        form.onward()
        expect(form.page.locator("#problems")).to_have_count(0)
    yield "check"
    form.press("Change about you")
    yield "change"
    form.onward()
    form.onward()
    yield "thanks"
    form.page.goto(f"{form.base}/nowhere")
    yield "not found"


@pytest.mark.parametrize("width", [1280, 320])
def test_every_page_passes_axe_and_fits_its_width(browser, site, axe, width):
    with visiting(browser, viewport={"width": width, "height": 740}) as page:
        for view in each_view(Form(page, site.public_url)):
            assert axe_check(page, axe) == [], view
            assert page.evaluate("document.documentElement.scrollWidth") == width, view
            assert page.evaluate(SMALL_TARGETS) == [], view


def test_what_was_written_arrives_as_it_was_written(form, site):
    form.reach("check")
    shown = form.page.locator(".answers").inner_text()
    form.onward()

    for name in ("contact_name", "contact_role", "organisation", "preferred_times", "message"):
        assert SIAN[name] in shown
    told = site.cli("enquiries", "show", form.reference())
    assert told["establishment"] == "Ynys Hir (HMP & YOI)"
    assert told["establishment_id"] == "YHI"
    assert told["asked_by"] == {
        "name": SIAN["contact_name"],
        "role": SIAN["contact_role"],
        "email": SIAN["contact_email"],
        "phone": SIAN["contact_phone"],
        "organisation": SIAN["organisation"],
    }
    assert (told["message"], told["group_size"], told["preferred_start"]) == (SIAN["message"], 12, "2027-01-12")
    assert SIAN["contact_name"] in site.cli("enquiries", "show", form.reference(), json=False)


def test_a_problem_is_told_in_the_title_above_and_beside_its_box(form):
    form.reach("contact")
    show_with_its_problem(form, "contact")
    page = form.page

    expect(page).to_have_title(re.compile("^Error: How can we reach you"))
    link = page.locator("#problems a")
    beside = page.locator("#contact_email-problem").inner_text()
    assert beside.split(maxsplit=1) == ["Error:", link.inner_text()]
    assert "contact_email-problem" in (page.locator("#contact_email").get_attribute("aria-describedby") or "")
    link.click()
    expect(page.locator("#contact_email")).to_be_focused()
    expect(page.locator("#contact_email")).to_have_value("sian@ynyshir")


def test_all_of_it_works_without_script(browser, site):
    with visiting(browser, java_script_enabled=False) as page:
        form = Form(page, site.public_url)
        form.reach("place")
        form.onward()
        expect(page.locator("#problems")).to_be_visible()
        page.locator("#establishment").select_option("My prison is not listed")
        page.get_by_label("Its name, if it is not in the list").fill("Tŷ Newydd, Y Bala")
        form.onward()
        form.press("Back")
        expect(page.locator("#establishment_written")).to_have_value("Tŷ Newydd, Y Bala")
        form.onward()
        for step in STEPS[2:]:
            form.fill(step)
            form.onward()
        form.press("Change how to reach you")
        page.locator("#contact_email").fill("sian@tynewydd.example")
        form.onward()
        expect(page.locator("h1")).to_have_text("Check your answers")
        form.onward()

        told = site.cli("enquiries", "show", form.reference())

    assert (told["establishment"], told["establishment_id"]) == ("Tŷ Newydd, Y Bala", None)
    assert (told["asked_by"]["email"], told["message"]) == ("sian@tynewydd.example", SIAN["message"])


def test_a_keyboard_is_enough(form, site):
    page, keys = form.page, form.page.keyboard
    form.begin()

    def to(target: str) -> None:
        for _ in range(20):
            keys.press("Tab")
            if page.locator(target).evaluate("each => each === document.activeElement"):
                return
        raise AssertionError(f"{target} is not reached")

    to("#programme")
    keys.press("Space")
    keys.press("Enter")
    expect(page.locator("h1")).to_contain_text("Which prison")
    to("#establishment")
    keys.type("abery")
    keys.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Ynys Hir")
    keys.press("Enter")
    expect(page.locator("#establishment")).to_have_value("Ynys Hir (HMP & YOI)")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("About you")
    to("#contact_name")
    keys.type("Jo Morgan")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("How can we reach you?")
    to("#contact_email")
    keys.type("jo@ynyshir.example")
    for heading, box in FIRST_BOX.items():
        keys.press("Enter")
        expect(page.locator("h1")).to_contain_text(heading)
        to(box)
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Check your answers")
    to(".onward")
    keys.press("Enter")
    page.wait_for_url("**/thank-you?*")

    assert site.cli("enquiries", "show", form.reference())["asked_by"]["name"] == "Jo Morgan"


@pytest.mark.parametrize("script", [True, False])
def test_a_double_click_sends_one_enquiry(browser, site, script):
    before = enquiries(site)
    with visiting(browser, java_script_enabled=script) as page:
        form = Form(page, site.public_url)
        form.reach("check", SIAN | {"contact_name": f"Twice {script}"})
        page.locator("button.onward").dblclick()
        page.wait_for_url("**/thank-you?*")
        reference = form.reference()
        page.go_back()
        form.onward()
        assert form.reference() == reference

    assert len(enquiries(site)) == len(before) + 1


def test_the_browsers_own_way_back_keeps_what_was_written(form):
    form.reach("group")
    page = form.page

    page.go_back()
    expect(page.locator("#contact_email")).to_have_value(SIAN["contact_email"])
    page.go_back()
    expect(page.locator("#contact_name")).to_have_value(SIAN["contact_name"])
    form.onward()
    expect(page.locator("h1")).to_have_text("How can we reach you?")


def test_a_link_may_name_the_programme_and_the_prison(form):
    form.begin("?programme=unlocking-the-key-to-compassion&establishment=yhi")

    expect(form.page.get_by_label("Unlocking the Key to Compassion")).to_be_checked()
    form.onward()
    expect(form.page.locator("#establishment")).to_have_value("Ynys Hir (HMP & YOI)")


FOUND_BY = {
    "risley": "Risley (HMP)",
    "HMP Ris": "Risley (HMP)",
    "grizzly": "Risley (HMP)",
    "remand": "Risley (HMP)",
    "warring": "Risley (HMP)",
    "RSI": "Risley (HMP)",
    "carchar ynys": "Ynys Hir (HMP & YOI)",
    "ty gwyn": "Ynys Hir (HMP & YOI)",
    "borstal": "Brook (HMYOI)",
}


def test_a_prison_is_found_by_any_of_its_names_its_town_or_its_id(form):
    form.reach("place")
    page = form.page

    for typed, found in FOUND_BY.items():
        page.locator("#establishment").fill(typed)
        expect(page.get_by_role("option").locator(".place-name")).to_have_text([found, "My prison is not listed"])
        expect(page.get_by_role("status")).to_contain_text("1 prison fits")
    page.locator("#establishment").fill("brook")
    expect(page.get_by_role("status")).to_contain_text("2 prisons fit")
    page.locator("#establishment").fill("leedsx")
    expect(page.get_by_role("status")).to_contain_text("No prison in the list fits")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("hmp risley", "Risley (HMP)"),
        ("Carchar y Berwyn", "Berwyn (HMP)"),
        ("Brook", "Brook"),
        ("Old Hall", "Old Hall"),
        ("Probation, Môn", "Probation, Môn"),
    ],
)
def test_what_is_typed_and_not_chosen_is_kept_all_the_same(form, typed, kept):
    form.reach("place")
    form.page.locator("#establishment").fill(typed)
    form.page.locator("#establishment").press("Enter")
    expect(form.page.locator("h1")).to_have_text("About you")

    form.press("Back")

    expect(form.page.locator("#establishment")).to_have_value(kept)
