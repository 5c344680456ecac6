"""Operators of a running Keytalk, for tests of the console and of the command line."""

from __future__ import annotations

import re
from typing import Any

import requests
from playwright.sync_api import Page

from tests.servers.keytalk import Keytalk

PASSWORD = "green otter lamp river"
"""Everybody's, in tests."""


def ask_ops(keytalk: Keytalk, method: str, **arguments: Any) -> Any:
    """Ask an operation of ops with the first token."""
    token = (keytalk.home / "ops-token").read_text(encoding="ascii").strip()
    answer = requests.post(
        f"{keytalk.ops_url}/rpc/ops/{method}", json=arguments, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    answer.raise_for_status()
    return answer.json()["result"]


def add_operator(keytalk: Keytalk, name: str, *roles: str, stands_for: str | None = None) -> None:
    """Add an operator who has chosen `PASSWORD`."""
    given = {"name": name, "full_name": name.title(), "email": f"{name}@example.org", "roles": list(roles)}
    added = ask_ops(keytalk, "add_operator", **given, stands_for=stands_for)
    link = keytalk.ops_url + added["link"].partition("/invitation/")[1] + added["link"].partition("/invitation/")[2]
    browser = requests.Session()
    form = browser.get(link, timeout=30).text
    chosen = {"password": PASSWORD, "again": PASSWORD, "csrf_token": csrf_token(form)}
    browser.post(link, data=chosen, timeout=30, allow_redirects=False).raise_for_status()


def sign_in(page: Page, keytalk: Keytalk, name: str = "priya") -> None:
    """Sign an operator in, in a browser."""
    page.goto(f"{keytalk.ops_url}/sign-in")
    page.get_by_label("Your name or email").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def signed_in(keytalk: Keytalk, name: str = "priya") -> requests.Session:
    """Give a session of requests in which an operator is signed in."""
    browser = requests.Session()
    form = browser.get(f"{keytalk.ops_url}/sign-in", timeout=30).text
    given = {"name": name, "password": PASSWORD, "csrf_token": csrf_token(form)}
    answer = browser.post(f"{keytalk.ops_url}/sign-in", data=given, timeout=30, allow_redirects=False)
    assert answer.status_code == 302, answer.text  # to wherever they may go
    return browser


def come_as(page: Page, keytalk: Keytalk, browser: requests.Session) -> None:
    """Let a page go on with the session of `signed_in`: signing in anew for each test is soon too often."""
    kept = {cookie.name: cookie.value or "" for cookie in browser.cookies}
    page.context.add_cookies([{"name": name, "value": value, "url": keytalk.ops_url} for name, value in kept.items()])


def csrf_token(page: str) -> str:
    """Find the token of a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found.group(1)
