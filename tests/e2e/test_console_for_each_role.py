"""Every page of the console, for each role: it opens or is refused in words, and leads nowhere that is refused."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from flask import Flask
from werkzeug.exceptions import HTTPException

from ops.console.mounting import pages
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, csrf_token, signed_in
from tests.waiting import eventually

MONDAY = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
ASKED = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Alex Morgan",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "alex.morgan@risley.example",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "message": "We have a quiet room.",
}
ROLES = ("coordinator", "scheduler", "viewer", "data_protection", "admin", "facilitator", "commissioner")
WHO_ONLY_LOOKS = ("viewer", "facilitator", "commissioner")
STAGES = ("availability", "suitability", "next_steps", "agreement", "won")
LEFT_OUT = frozenset({"live", "first", "invitation", "sign_in", "go_to_organisation", "come_back"})
"""Pages that are for nobody who is signed in, or that never end."""
ONE_MIGHT_WRITE = (
    "/search?words=risley", "/search?words=%27%3B--", "/kit?place=RSI", "/pipeline?waiting_on=us", "/calendar?on=nope",
    "/calendar/gantt?by=facilitator", "/calendar/gantt?by=nonsense", "/calendar/clashes?start=x&end=y",
    "/reports?first=2027-02-30", "/messages/ahead?days=soon", "/messages/ahead?days=9999", "/messages?state=nonsense",
    "/clearances?on=nonsense", "/clearances?part=-3", "/audit?before=nonsense", "/tasks?when=done", "/memos?state=nope",
    "/contacts?status=nonsense", "/organisations?kind=nonsense", "/holds?state=nonsense", "/offers?state=nonsense",
    "/pipeline/list?stage=nonsense", "/templates/nothing", "/templates/enquiry_received?version=99",
    "/calendar?on=9999-12-31", "/calendar?on=0001-01-01", "/calendar/week?on=9999-12-31",
    "/calendar/gantt?on=9999-12-31", "/calendar/gantt?on=0001-01-01", "/clearances?part=99999999999999999999",
    "/reports?first=0001-01-01&last=9999-12-31", "/places/nowhere", "/organisations/nothing", "/contacts/nobody",
    "/memos/nothing", "/enquiries/KT-0000-00", "/messages/runs/nothing", "/runs/nothing/kit",
)  # fmt: skip
"""Addresses that somebody may write by hand: right, out of date, or wrong."""

_CONSOLE = Flask("the console's addresses")
_CONSOLE.register_blueprint(pages)


def known_addresses() -> list[tuple[str, frozenset[str]]]:
    """Give each page's rule without its converters, such as `/runs/<run>`, and the names that are in it."""
    return [
        (re.sub(r"<(?:[^<>]*:)?(\w+)>", r"<\1>", str(rule)), frozenset(rule.arguments))
        for rule in _CONSOLE.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.removeprefix("console.") not in {*LEFT_OUT, "static"}
    ]


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True, began_at=MONDAY) as running:
        yield running


@pytest.fixture(scope="module")
def names(keytalk) -> dict[str, str]:
    """An example of everything that a page's address may name, by that name."""
    tell = keytalk.cli
    reference = str(keytalk.post(ASKED, key="all").json()["reference"])
    eventually(lambda: tell("enquiries", "show", reference)["tasks"])
    keytalk.post({**ASKED, "message": "Buy cheap pills http://a.example http://b.example casino crypto"}, key="spam")
    draft = tell("proposals", "make", reference)
    for stage in STAGES:
        tell("enquiries", "move", reference, stage)
    planned = tell(
        "runs", "plan", "--enquiry", reference, "--start", "2027-01-12", "--weekday", "tue", "--window", "pm"
    )
    hold = tell("holds", "place", planned["run"])
    tell("runs", "confirm", planned["run"])
    lee = next(each for each in tell("facilitators", "list") if each["name"].startswith("Lee"))
    period = ("--from", "2026-11-01", "--until", "2029-11-01")
    tell("clearances", "grant", "--facilitator", lee["id"], "--establishment", "RSI", *period)
    session = planned["sessions"][2]["id"]
    tell("sessions", "withdraw", session, "--facilitator", planned["facilitators"][0]["id"])
    offer = tell("offers", "make", "--session", session, "--facilitator", lee["id"])
    contact = eventually(lambda: tell("contacts", "list"))[0]
    return {
        "reference": reference,
        "proposal_id": draft["id"],
        "proposal": draft["id"],
        "run": planned["run"],
        "session": session,
        "memo": tell("memos", "make", planned["run"])["memo"],
        "hold": hold["hold"],
        "offer": offer["offer"],
        "facilitator": lee["id"],
        "establishment": "RSI",
        "place": "RSI",
        "contact": contact["id"],
        "organisation": tell("organisations", "list")[0]["id"],
        "message": eventually(lambda: tell("messages", "list"))[0]["id"],
        "template": "enquiry_received",
        "service": "enquiries",
        "name": "funnel",
        "event_id": "0192f0c8-0000-7000-8000-000000000000",
    }


@pytest.fixture(scope="module")
def come(keytalk, names) -> Any:
    """Give a function that signs in somebody who has one role, once."""

    @cache
    def come(role: str) -> requests.Session:
        stands_for = {"facilitator": names["facilitator"], "commissioner": names["organisation"]}.get(role)
        add_operator(keytalk, role.replace("_", "-"), role, stands_for=stands_for)
        return signed_in(keytalk, role.replace("_", "-"))

    return come


def paths(names: dict[str, str], *, every: bool = False) -> list[str]:
    """Give an address for each page that can be opened; with `every`, as a file and mistyped as well."""
    found = []
    for rule, wanted in known_addresses():
        assert wanted <= names.keys(), f"give an example of {sorted(wanted - names.keys())} for {rule}"
        path = re.sub(r"<(\w+)>", lambda match: names[match.group(1)], rule)
        found += [path, f"{path}?format=csv"] if every else [path]
    return [*found, *ONE_MIGHT_WRITE] if every else found


def main_of(page: str) -> str:
    """Give what is on a page beside its head and foot."""
    return page.partition("<main")[2].partition("</main>")[0]


def leads_to(page: str, path: str) -> set[str]:
    """Give where a page leads to within the console, as paths with their queries."""
    found = (urljoin(path, html.unescape(each)) for each in re.findall(r'<a [^>]*href="([^"#]+)', page))
    return {each for each in found if each.startswith("/") and not each.startswith("/static")}


@cache
def rule_of(path: str) -> tuple[str, frozenset[str]]:
    """Give the page of an address and the names in its query: one of each kind is enough to look at."""
    parts = urlsplit(path)
    try:
        endpoint, _ = _CONSOLE.url_map.bind("").match(parts.path, method="GET")
    except HTTPException:
        return parts.path, frozenset()
    return str(endpoint), frozenset(re.findall(r"(\w+)=", parts.query))


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_or_is_refused_in_words_and_leads_nowhere_that_is_refused(keytalk, names, come, role):
    browser, found, led = come(role), [], {}
    for path in paths(names, every=role == "coordinator"):
        answer = browser.get(keytalk.ops_url + path, timeout=60)
        if answer.status_code not in (200, 403, 404, 422):
            found.append(f"{path}: {answer.status_code}")
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            led |= {rule_of(each): (each, path) for each in leads_to(answer.text, path)}
    for there, here in led.values():
        status = browser.get(keytalk.ops_url + there, timeout=60).status_code
        found += [] if status == 200 else [f"{here} leads to {there}: {status}"]

    assert "\n".join(found) == ""


@pytest.mark.parametrize("role", WHO_ONLY_LOOKS)
def test_who_only_looks_is_offered_no_form(keytalk, names, come, role):
    browser, found = come(role), []
    for path in paths(names):
        if path.startswith("/account") or (role == "facilitator" and path in ("/", "/your-work")):
            continue  # their own account, and the offers to them
        answer = browser.get(keytalk.ops_url + path, timeout=60)
        if '<form method="post"' in main_of(answer.text):
            found.append(path)

    assert "\n".join(found) == ""


@pytest.mark.parametrize("role", WHO_ONLY_LOOKS)
def test_who_only_looks_is_refused_every_change(keytalk, names, come, role):
    browser, found = come(role), []
    token = csrf_token(browser.get(f"{keytalk.ops_url}/account", timeout=60).text)
    for path in changes(names):
        if role == "facilitator" and path.startswith("/your-work"):
            continue
        answer = browser.post(keytalk.ops_url + path, data={"csrf_token": token}, timeout=60, allow_redirects=False)
        # What a form lacks may be said first: nothing is asked of a service by that.
        found += [] if answer.status_code in (403, 404, 422) else [f"{path}: {answer.status_code}"]

    assert "\n".join(found) == ""


def changes(names: dict[str, str]) -> list[str]:
    """Give an address for each change that is not of one's own account."""
    known = names | {"key": "x", "token": "x", "held": "x", "suppression": "x", "name": "x", "item": "x"}
    known |= {"agreement_id": "x", "task_id": "x", "session_id": names["session"]}
    found = []
    for rule in _CONSOLE.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or str(rule).startswith(("/account", "/sign-", "/first", "/invitation")):
            continue
        choices = re.findall(r"<any\(([^)]*)\):what>", str(rule))
        plain = re.sub(r"<any\([^)]*\):what>", "<what>", str(rule))
        plain = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"<\1>", plain)
        for what in choices[0].split(",") if choices else [""]:
            given = {**known, "what": what}
            found.append(re.sub(r"<(\w+)>", lambda match, given=given: given[match.group(1)], plain))
    return found
