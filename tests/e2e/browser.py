"""A visitor with a real browser: Debian's Chromium, and the ways in which people fill in the form."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.npm import kept_package

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WITHIN = 10_000
"""Milliseconds that a page may take; far more than it needs."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

SIAN = {
    "programme": "The Many Faces of Trauma",
    "place": "Ynys Hir (HMP & YOI)",
    "contact_name": "Siân Llŷr-Öhrström",
    "contact_role": "Pennaeth Addysg",
    "organisation": "Gwasanaeth Carchardai – Tŷ Ŵyn",
    "contact_email": "sian@ynyshir.example",
    "contact_phone": "01632 960 001 ext 12",
    "group_size": "12",
    "preferred_start": ("12", "1", "2027"),
    "preferred_times": "Dydd Mawrth, in the afternoon",
    "message": "Mae gennym ystafell dawel.\nΚαλημέρα 你好 🗝",
}

STEPS = ("programme", "place", "you", "contact", "group", "when", "more")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open the browser, or skip where it is not installed."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, **options: Any) -> Iterator[Page]:
    """Open a page of one's own: nothing is shared with another visitor."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(WITHIN)
    expect.set_options(timeout=WITHIN)
    yield context.new_page()
    context.close()


class Form:
    """The form as one visitor sees it. `fill` answers the page in front of them, `onward` presses Continue.

    `page` may be a frame too, for `fill` alone.
    """

    def __init__(self, page: Any, base: str) -> None:
        self.page = page
        self.base = base

    def begin(self, query: str = "") -> None:
        """Open the first page."""
        self.page.goto(f"{self.base}/enquire{query}")

    def onward(self) -> None:
        """Press Continue, or Send at the end."""
        self._press(self.page.locator("button.onward"))

    def press(self, name: str) -> None:
        """Press the button of this name, such as Back."""
        self._press(self.page.get_by_role("button", name=name))

    def _press(self, button: Locator) -> None:
        with self.page.expect_navigation(wait_until="load"):
            button.click()

    def fill(self, step: str, answers: dict[str, Any] = SIAN) -> None:
        """Answer one page."""
        {"programme": self._programme, "place": self._place, "when": self._when}.get(step, self._boxes)(answers)

    def reach(self, step: str, answers: dict[str, Any] = SIAN) -> None:
        """Begin, and answer all pages before `step` ("check" is after the last)."""
        self.begin()
        for each in STEPS[: STEPS.index(step) if step in STEPS else None]:
            self.fill(each, answers)
            self.onward()

    def reference(self) -> str:
        """Give the reference on the page of thanks."""
        return self.page.locator(".reference").inner_text()

    def _programme(self, answers: dict[str, Any]) -> None:
        self.page.get_by_label(answers["programme"]).check()

    def _place(self, answers: dict[str, Any]) -> None:
        box = self.page.locator("#establishment")
        if box.evaluate("each => each.tagName") == "SELECT":
            box.select_option(answers["place"])
            return
        box.fill(answers["place"])
        self.page.get_by_role("option").first.click()

    def _when(self, answers: dict[str, Any]) -> None:
        for label, text in zip(("Day", "Month", "Year"), answers["preferred_start"], strict=True):
            self.page.get_by_label(label, exact=True).fill(text)
        self.page.locator("#preferred_times").fill(answers["preferred_times"])

    def _boxes(self, answers: dict[str, Any]) -> None:
        for box in self.page.locator("div.question input, textarea").all():
            box.fill(answers[box.get_attribute("name")])


def axe_source(cache: Any) -> str:
    """Give axe-core's script."""
    return (kept_package(cache, Path(__file__).parent / "axe", "axe-core") / "axe.min.js").read_text()


def axe_check(page: Page, source: str) -> list[str]:
    """Give what axe finds against WCAG 2.2 AA on the page as it stands now, a line each; an empty list is well."""
    page.evaluate(source)
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})",
        RULES,
    )
    return [
        f"{page.title()}: {each['id']}: {json.dumps(node['target'])} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
