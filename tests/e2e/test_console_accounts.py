"""Accounts in a browser: invited, a code set up, signed in with it or with the organisation, and let go."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import axe_check, visiting
from tests.servers.keytalk import Keytalk
from tests.servers.openid import OpenIDProvider
from tests.servers.operators import PASSWORD, add_operator, sign_in

PAGES = ("/sign-in", "/account", "/account/second-factor", "/operators", "/audit", "/nowhere")


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIDProvider]:
    with OpenIDProvider() as provider:
        provider.email = "olive@example.org"
        yield provider


@pytest.fixture(scope="module")
def console(provider: OpenIDProvider) -> Iterator[Keytalk]:
    with Keytalk(env=provider.settings) as keytalk:
        add_operator(keytalk, "ada", "admin")
        add_operator(keytalk, "olive", "viewer")
        yield keytalk


def choose_password(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Keep it and sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def code(secret: str, steps_on: int = 0) -> str:
    """Give a code that was not used yet: codes of the next half minute are taken as well."""
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps_on)


def test_somebody_is_invited_sets_up_a_code_and_is_let_go(page, browser, console):
    sign_in(page, console, "ada")
    page.goto(f"{console.ops_url}/operators")
    page.get_by_label("Name", exact=True).fill("Dan Hughes")
    page.get_by_label("Short name to sign in with").fill("dan")
    page.get_by_label("Email").fill("dan@example.org")
    page.get_by_role("group", name="Roles", exact=True).get_by_label("Viewer").check()
    page.get_by_role("button", name="Add and make a link").click()
    link = page.locator(".notice code").inner_text()

    with visiting(browser) as theirs:
        choose_password(theirs, link)
        theirs.goto(f"{console.ops_url}/account/second-factor")
        secret = theirs.locator(".secret code").inner_text()
        theirs.get_by_label("Code", exact=True).fill(code(secret))
        theirs.get_by_label("Your password").fill(PASSWORD)
        theirs.get_by_role("button", name="Ask me for codes from now on").click()
        expect(theirs.get_by_role("status")).to_contain_text("asked for a code")

        theirs.get_by_role("button", name="Sign out").click()
        theirs.get_by_label("Your name or email").fill("dan")
        theirs.get_by_label("Password").fill(PASSWORD)
        theirs.get_by_role("button", name="Sign in", exact=True).click()
        expect(theirs.get_by_role("alert")).to_contain_text("do not fit together")
        theirs.get_by_label("Password").fill(PASSWORD)
        theirs.get_by_label("Code").fill(code(secret, 1))
        theirs.get_by_role("button", name="Sign in", exact=True).click()
        expect(theirs.get_by_role("button", name="Sign out")).to_be_visible()

        page.goto(f"{console.ops_url}/operators")
        row = page.get_by_role("row", name=re.compile("Dan Hughes"))
        row.get_by_text("Disable", exact=True).click()
        row.get_by_role("textbox", name="Reason").last.fill("left us")
        row.get_by_role("button", name="Disable dan").click()
        expect(page.get_by_role("status")).to_contain_text("dan is disabled")
        theirs.goto(f"{console.ops_url}/account")
        expect(theirs.get_by_role("heading", level=1)).to_have_text("Sign in")

    page.goto(f"{console.ops_url}/audit?actor=ada")
    expect(page.get_by_role("row", name=re.compile(r"ops\.disable_operator.*dan.*left us"))).to_be_visible()


def test_somebody_signs_in_with_their_organisation(page, console):
    page.goto(f"{console.ops_url}/account")
    page.get_by_role("link", name="Sign in with your organisation").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    expect(page.get_by_text("olive@example.org")).to_be_visible()


def test_whom_nobody_invited_is_told_so(page, console, provider):
    provider.email = "stranger@example.org"
    page.goto(f"{console.ops_url}/sign-in")
    page.get_by_role("link", name="Sign in with your organisation").click()

    expect(page.get_by_role("alert")).to_contain_text("no account here has your email")
    provider.email = "olive@example.org"


def test_a_token_made_in_the_console_signs_the_command_line_in_and_out(page, console, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    sign_in(page, console, "ada")
    page.goto(f"{console.ops_url}/account")
    page.get_by_label("What is the new token for?").fill("my laptop")
    page.get_by_role("button", name="Make a token").click()
    token = page.locator(".notice code").first.inner_text()

    console.cli("sign-in", "--token", token)
    assert console.cli("whoami")["name"] == "ada"
    assert {one["name"] for one in console.cli("operators", "list")} >= {"ada", "olive"}
    assert console.cli("tokens", "list")[0]["label"] == "my laptop"
    assert console.cli("audit", "list", "--actor", "ada", "--limit", "1")[0]["operation"] == "ops.make_token"
    console.cli("sign-out")
    assert console.cli("whoami")["name"] == "operator"
    page.goto(f"{console.ops_url}/account")
    expect(page.get_by_text("Revoked")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_of_accounts_are_well_at_every_width(browser, axe, console, width):
    with visiting(browser, viewport={"width": width, "height": 844}) as page:
        sign_in(page, console, "ada")
        for path in PAGES:
            page.goto(console.ops_url + path)
            assert axe_check(page, axe) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
