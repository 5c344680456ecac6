"""What the stories ask for: the mail that came, the form with a few invented prisons, a browser, a website."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Form, axe_source, chromium, visiting
from tests.e2e.letterbox import Letterbox
from tests.e2e.website import Website
from tests.servers.keytalk import Keytalk

PLACES = Path(__file__).parents[1] / "data" / "places.csv"


@pytest.fixture(scope="module")
def letterbox(keytalk: Keytalk, request: pytest.FixtureRequest) -> Letterbox:
    """The mail that people have from this Keytalk."""
    by_smtp = "KEYTALK_SMTP_URL" in keytalk.environment
    return Letterbox(keytalk, request.getfixturevalue("_mail_server") if by_smtp else None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module's tests."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def website() -> Iterator[Website]:
    """The organisation's own website, at an origin of its own."""
    with Website() as served:
        yield served


@pytest.fixture(scope="module")
def site(website: Website) -> Iterator[Keytalk]:
    """Keytalk in one process, which lets `website` show its form and post to it."""
    with Keytalk(env={"KEYTALK_ALLOWED_ORIGINS": website.origin}) as keytalk:
        keytalk.cli("establishments", "import", str(PLACES))
        yield keytalk


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A visitor at a desk, with script."""
    with visiting(browser) as opened:
        yield opened


@pytest.fixture
def form(page: Page, site: Keytalk) -> Form:
    """The form as that visitor sees it."""
    return Form(page, site.public_url)


@pytest.fixture(scope="module")
def axe(browser: Browser, request) -> str:
    """axe-core's script, for the browser."""
    return axe_source(request.config.cache)
