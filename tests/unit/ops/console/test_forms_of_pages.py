"""Forms of the console: what is sent stays what was typed, and a page that is shown again is the page it was."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.scheduling.domain.clearances import LEVELS
from shared.errors import Refused

RUN, SESSION = "0192f0c8-0000-7000-8000-000000000001", "0192f0c8-0000-7000-8000-000000000002"
CONTACT: dict[str, Any] = {
    "id": "c-1", "name": "Alex Morgan", "email": "alex@risley.example", "phone": None, "preferred_channel": "email",
    "status": "active", "posts": [], "enquiries": [], "history": [], "organisation": None, "organisation_id": None,
}  # fmt: skip
ROW = {
    "reference": "KT-7F3K-92", "received_at": "2027-01-12T08:00:00+00:00", "establishment": "HMP Risley",
    "contact_name": "X", "opening": "Cheap <b>pills</b>", "reasons": ["many_links"], "score": 7,
}  # fmt: skip


@pytest.fixture
def priya(add, visitor, services):
    add("priya", "coordinator")
    visitor.sign_in()
    return visitor


def main_of(answer: Any) -> str:
    return str(answer.text.partition("<main")[2].partition("</main>")[0])


def test_of_a_wave_of_spam_all_that_came_until_now_is_cleared_not_only_what_is_shown(priya, services):
    services.answers = {
        "list_quarantine": [ROW | {"reference": f"KT-{number}"} for number in range(50)],
        "count_quarantine": {"waiting": 731, "as_of": "2027-01-12T09:00:00+00:00"},
        "clear_quarantine": {"cleared": 500, "named": 500, "left": 231},
    }
    page = main_of(priya.get("/quarantine"))
    (until,) = re.findall(r'name="all_before" value="([^"]*)"', page)

    assert "731 wait to be looked at; the first 50 are below" in page
    assert until == "2027-01-12T09:00:00+00:00"
    priya.post("/quarantine", all_before=until)
    assert "231 more wait: please press it again." in priya.get("/quarantine").text


def test_a_count_that_is_none_is_not_taken_for_nought(priya, services):
    services.answers = {"submit_attendance": Refused("invalid", "How many came?", {"attended": ["How many came?"]})}
    priya.post(f"/runs/{RUN}/sessions/{SESSION}/register", "/account", expected="10", attended="nine", late="0")

    assert services.changes("submit_attendance")[0]["attended"] == "nine"
    assert services.changes("submit_attendance")[0]["expected"] == 10


def test_people_of_a_proposal_that_are_no_number_are_refused_not_left_out(priya, services):
    services.answers = {"make_proposal": Refused("invalid", "A number, please.")}
    priya.post("/enquiries/KT-7F3K-92/proposals", "/account", people="ten")

    assert services.changes("make_proposal")[0]["people"] == "ten"


def test_a_form_on_a_page_that_is_shown_again_goes_where_it_went_before(priya, services):
    services.answers = {"get_contact": CONTACT, "mark_contact_left": Refused("conflict", "They have left already.")}
    again = priya.post("/contacts/c-1/left", "/contacts/c-1", reason="Moved")
    forms = re.findall(r'<form method="post"( action="[^"]*")?', main_of(again))

    assert again.status_code == 409
    assert forms == [' action="/contacts/c-1"', ' action="/contacts/c-1/left"']


def test_the_board_that_is_shown_again_is_loaded_anew_from_its_own_address(priya, services):
    services.answers = {"get_board": {"stages": []}, "list_filters": [], "list_programmes": [],
                        "move_enquiry": Refused("conflict", "It moved meanwhile.")}  # fmt: skip
    again = priya.post("/pipeline/KT-7F3K-92/move?waiting_on=us", "/account", to="won")

    assert again.status_code == 409
    assert 'hx-get="/pipeline?waiting_on=us"' in again.text


def test_a_page_that_was_left_half_way_changes_nothing(priya, services):
    services.answers = {"apply_change": {}}
    for change in ("{", "[]", "[" * 100_000):
        answer = priya.post(f"/runs/{RUN}/change", "/account", change=change, apply="yes")
        assert answer.status_code == 503

    assert services.changes("apply_change") == []


def test_the_name_of_a_file_holds_nothing_that_was_typed_but_letters(priya, services):
    services.answers = {"list_kit_approvals": []}
    answer = priya.get("/kit?format=csv&place=a%22%0Ab")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="kit-a-b.csv"'


@pytest.mark.parametrize("path", ["/enquiries/new", "/calendar/close"])
def test_a_form_is_not_shown_to_who_may_not_send_it(add, visitor, services, path):
    add("vera", "viewer")
    visitor.sign_in("vera")
    services.answers = {"list_programmes": [], "list_establishments": []}

    assert visitor.get(path).status_code == 403


@pytest.mark.parametrize(
    ("role", "page"),
    [("facilitator", "/your-work"), ("commissioner", "/your-agreements")],
)  # fmt: skip
def test_who_sees_only_their_own_comes_to_it_first(add, visitor, role, page):
    add("fay", role, stands_for=SESSION)
    visitor.sign_in("fay")

    assert visitor.get("/").headers["Location"] == page
    assert f'href="{page}"' in visitor.get("/account").text
    assert "sse-connect" not in visitor.get("/account").text
    assert visitor.get("/live").status_code == 403


def test_the_ledger_names_contacts_and_asks_for_them_once(priya, services):
    line = {"id": SESSION, "template": "digest", "state": "accepted", "subject": "contact:c-1", "why": None,
            "due_at": "2026-12-07T15:00:00+00:00"}  # fmt: skip
    services.answers = {"list_messages": [{**line, "recipient": "contact:c-1"}, {**line, "recipient": "contact:c-2"}],
                        "list_contacts": [{"id": "c-1", "name": "Sam O'Neil"}]}  # fmt: skip

    shown = main_of(priya.get("/messages?state=accepted"))

    assert shown.count("Sam O&#39;Neil") == 3
    assert "A contact" in shown
    assert [call[1] for call in services.calls] == ["list_messages", "list_contacts"]


@pytest.mark.parametrize(("state", "asked"), [("failed", 1), ("accepted", 0)])
def test_a_lost_digest_shows_what_was_in_it_and_takes_a_note_that_all_of_it_was_told(priya, services, state, asked):
    part = {"id": SESSION, "template": "hold_placed_contact", "subject": "run:r-1"}
    digest = {"id": SESSION, "template": "digest", "state": state, "recipient": "contact:c-1", "subject": "contact:c-1"}
    times = {"due_at": "2026-12-07T15:00:00+00:00", "next_attempt_at": None, "useful_until": None, "accepted_at": None}
    more = {"occasion": "digest", "version": 1, "attempts": 1, "why": None, "message_id": "<1@x>", "digest": None}
    services.answers = {"get_message": {**digest, **times, **more, "template_version": None, "resends": [],
                                        "tells": [part]}}  # fmt: skip

    shown = main_of(priya.get(f"/messages/{SESSION}"))

    assert "Hold placed, to the contact" in shown
    assert shown.count('name="recipient" value="contact:c-1"') == asked


def test_who_was_erased_sees_nothing_of_theirs_and_reads_why(add, visitor, services):
    add("fay", "facilitator", stands_for=SESSION)
    visitor.sign_in("fay")
    erased = {"id": SESSION, "name": "A former facilitator", "email": "0@erased.invalid", "state": "left"}
    services.answers = {"get_facilitator": {**erased, "hours": [], "leave": []}, "list_sessions_ahead": []}

    shown = main_of(visitor.get(f"/facilitators/{SESSION}"))

    assert "has been erased" in shown
    assert "A former facilitator" not in shown


def test_a_clearance_is_recorded_at_the_levels_that_the_calendar_knows(priya, services):
    cell = {"establishment": "RSI", "state": "none", "until": None}
    services.answers = {
        "get_facilitator": {"id": "f-1", "name": "Tom Okafor", "clearances": []},
        "clearance_matrix": {
            "establishments": [{"id": "RSI", "name": "HMP Risley"}],
            "facilitators": [{"id": "f-1", "name": "Tom Okafor", "cells": [cell]}],
        },
    }
    form = main_of(priya.get("/clearances/f-1/RSI")).partition('name="level"')[2].partition("</select>")[0]

    assert re.findall('value="([^"]+)"', form) == list(LEVELS)
