"""The ways in from the organisation's own website: the form in a frame, and a plain form that posts here."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import SIAN, STEPS, Form, axe_check

PLAIN = """
<h1>Ask us</h1>
<form action="{keytalk}/enquire/from-website" method="post" accept-charset="utf-8">
  <input type="hidden" name="return_to" value="{back}">
  <input type="hidden" name="programme" value="many-faces-of-trauma">
  <p style="position: absolute; left: -999rem" aria-hidden="true"><input name="website" tabindex="-1"></p>
  <label>Prison <input name="establishment" value="Brook (HMP)"></label>
  <label>Name <input name="contact_name" value="Siân Llŷr"></label>
  <label>Email <input name="contact_email" value="{email}"></label>
  <label>Message <textarea name="message">Bore da</textarea></label>
  <button>Send</button>
</form>
"""


def plain_form(site, website, email="sian@brook.example", back=None) -> str:
    website.put_up("/thanks", "<h1>Diolch</h1>")
    back = back or f"{website.origin}/thanks?page=ask"
    return website.put_up("/ask", PLAIN.format(keytalk=site.public_url, email=email, back=back))


def stored(site, page):
    (reference,) = parse_qs(urlsplit(page.url).query)["reference"]
    return site.cli("enquiries", "show", reference)


def test_a_frame_grows_and_shrinks_with_the_form_in_it(page, site, website, axe):
    address = website.put_up(
        "/framed",
        f'<h1>Ask us</h1><iframe src="{site.public_url}/enquire" title="Ask about a programme" '
        f'style="width: 100%; height: 700px; border: 0"></iframe>'
        f'<script src="{site.public_url}/enquire/embed.js" async></script><p>The end of our page.</p>',
    )
    page.goto(address)
    frame = page.frame_locator("iframe")
    inside = "() => document.querySelector('iframe').getBoundingClientRect().height"

    def fits() -> float:
        body = frame.locator("body")
        page.wait_for_function(
            f"height => Math.abs(({inside})() - height) <= 1", arg=body.evaluate("each => each.offsetHeight")
        )
        return page.evaluate(inside)

    expect(frame.locator("h1")).to_have_text("What are you interested in?")
    expect(frame.locator(".banner")).to_be_hidden()
    tall = fits()
    frame.get_by_label(SIAN["programme"]).check()
    frame.locator("button.onward").click()
    expect(frame.locator("h1")).to_contain_text("Which prison")
    assert fits() < tall
    expect(frame.get_by_role("combobox")).to_have_attribute("type", "text")
    frame.locator("button.onward").click()
    expect(frame.locator("#problems")).to_be_focused()
    fits()
    assert axe_check(page, axe) == []
    expect(frame.get_by_role("combobox")).to_have_attribute("type", "text")
    frame.locator("#establishment").fill("brook")
    frame.get_by_role("option").first.click()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    frame.locator("button.onward").click()
    expect(frame.locator("h1")).to_have_text("About you")
    page.wait_for_function("() => document.querySelector('iframe').getBoundingClientRect().top >= -1")


def test_an_enquiry_is_sent_from_a_frame_and_no_cookie_is_set(page, site, website):
    page.goto(website.put_up("/frame", f'<iframe src="{site.public_url}/enquire" width="600" height="900"></iframe>'))
    page.frame_locator("iframe").locator("h1").wait_for()
    inner = page.frames[1]
    for step in STEPS:
        inner.wait_for_load_state("load")
        Form(inner, site.public_url).fill(step)
        asked = inner.locator("h1").inner_text()
        inner.locator("button.onward").click()
        expect(inner.locator("h1")).not_to_have_text(asked)
    inner.locator("button.onward").click()
    expect(inner.locator(".reference")).to_have_text(re.compile("^KT-"))

    told = site.cli("enquiries", "show", inner.locator(".reference").inner_text())

    assert told["asked_by"]["name"] == SIAN["contact_name"]
    assert page.context.cookies() == []


def test_a_website_that_is_not_listed_cannot_frame_the_form(page, site, website):
    website.put_up("/frame", f'<iframe src="{site.public_url}/enquire"></iframe>')
    refused = []
    page.on("console", lambda message: refused.append(message.text))

    page.goto(f"{website.stranger}/frame")

    page.wait_for_function("() => window.frames.length === 1")
    page.frames[1].wait_for_url(re.compile("^chrome-error:"))
    assert any("frame-ancestors" in text for text in refused)


def test_a_plain_form_on_the_website_ends_where_it_began(page, site, website):
    page.goto(plain_form(site, website))
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks?*")

    expect(page.locator("h1")).to_have_text("Diolch")
    assert page.url.startswith(f"{website.origin}/thanks?page=ask&reference=KT-")
    told = stored(site, page)
    assert (told["asked_by"]["name"], told["channel"], told["establishment_id"]) == ("Siân Llŷr", "website", "BRI")


def test_a_plain_form_pressed_twice_is_one_enquiry(page, site, website):
    before = len(site.cli("enquiries", "list"))

    page.goto(plain_form(site, website, email="twice@brook.example"))
    page.get_by_role("button", name="Send").dblclick()
    page.wait_for_url("**/thanks?*")

    assert len(site.cli("enquiries", "list")) == before + 1


def test_a_plain_form_that_needs_a_change_is_mended_here_and_still_ends_where_it_began(page, site, website):
    page.goto(plain_form(site, website, email="sian@brook"))
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()

    form = Form(page, site.public_url)
    expect(page.locator("#problems")).to_be_focused()
    expect(page.locator("#contact_email")).to_have_value("sian@brook")
    page.locator("#contact_email").fill("sian@brook.example")
    form.onward()
    expect(page.locator("h1")).to_have_text("Check your answers")
    expect(page.locator(".answers")).to_contain_text("Bore da")
    page.locator("button.onward").click()
    page.wait_for_url("**/thanks?*")

    assert stored(site, page)["asked_by"]["email"] == "sian@brook.example"


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "javascript:alert(1)", "//elsewhere.example"])
def test_nobody_is_sent_on_to_an_address_that_is_not_listed(page, site, website, back):
    page.goto(plain_form(site, website, email=f"{len(back)}@brook.example", back=back))
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()

    assert page.url.startswith(f"{site.public_url}/enquire/thank-you?")
    expect(page.locator(".reference")).to_have_text(re.compile("^KT-"))


def test_a_form_on_a_website_that_is_not_listed_is_checked_here_before_it_is_sent(page, site, website):
    plain_form(site, website, email="stranger@brook.example")
    before = len(site.cli("enquiries", "list"))
    page.goto(f"{website.stranger}/ask")
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()

    expect(page.locator("h1")).to_have_text("Check your answers")
    expect(page.locator(".answers")).to_contain_text("stranger@brook.example")
    assert len(site.cli("enquiries", "list")) == before
    page.locator("button.onward").click()
    page.wait_for_url("**/thanks?*")
    assert len(site.cli("enquiries", "list")) == before + 1
