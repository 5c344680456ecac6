"""Every mail's page in a real browser: it fits a telephone, asks for nothing, and is for everybody.

With `KEYTALK_MAIL_PICTURES` set to a folder, a picture of each is kept there, to be looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.notifications.domain.template_catalogue import CATALOGUE, Audience
from services.notifications.sending.rendering import Organisation, render
from tests.e2e.browser import axe_check, visiting

US = Organisation("Key & Compass", "hello@mail.example.org", "01632 960000")
PHONE = {"viewport": {"width": 375, "height": 667}}
DESK = {"viewport": {"width": 1280, "height": 900}}
DARK = {**PHONE, "color_scheme": "dark"}
PREFERENCES = "https://keytalk.example/messages/preferences/0192f0c8-0000-7000-8000-000000000000/a-signed-word"

# Words that have no place to break, as people paste them.
UNBROKEN = {
    "reply_written": {"words": "See https://example.org/" + "a-long-way/" * 20 + "x" * 90},
    "proposal_sent": {"programme": "x" * 90},
    "run_confirmed_contact": {"establishment": "x" * 100},
}


def mails(template: str) -> list[str]:
    """The pages of a template: one for each of its samples, and one with words that do not break."""
    entry = CATALOGUE[template]
    samples = [*entry.samples()]
    if template in UNBROKEN:
        samples.append({**samples[0], **UNBROKEN[template]})
    page = None if entry.audience is Audience.OPS else PREFERENCES
    return [render(template, {**facts, "preferences_page": page}, US).html for facts in samples]


@pytest.mark.parametrize("options", [PHONE, DESK, DARK], ids=["phone", "desk", "dark"])
@pytest.mark.parametrize("template", CATALOGUE)
def test_every_mail_fits_asks_for_nothing_and_is_for_everybody(browser, axe, request, template, options):
    with visiting(browser, **options) as page:
        asked = []
        page.on("request", lambda made: asked.append(made.url))
        for number, html in enumerate(mails(template)):
            page.set_content(html)
            _keep_picture(page, f"{template}-{number}-{request.node.callspec.id.split('-')[-1]}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= options["viewport"]["width"], f"sample {number} is {wide} pixels wide"
            assert axe_check(page, axe) == []
        assert asked == []


def _keep_picture(page, name: str) -> None:
    if folder := os.environ.get("KEYTALK_MAIL_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
