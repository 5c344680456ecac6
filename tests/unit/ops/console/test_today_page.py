"""Today is drawn without who has not been told, which it loads then; what renews itself has both."""

from __future__ import annotations

import pytest

from shared.errors import Refused

NOBODY = {"count": 0, "first": [], "items": []}
ENQUIRIES = {
    "day": "2026-11-26",
    "first_replies": dict.fromkeys(("late", "due_today", "in_time"), NOBODY),
    "tasks": dict.fromkeys(("overdue", "due", "mine"), NOBODY),
    **dict.fromkeys(("no_answer", "proposals", "quarantine", "data_requests", "not_filed"), NOBODY),
    "canary": {"on": False, "late": False},
}
CALENDAR = {
    "today": "2026-11-26",
    **dict.fromkeys(("sessions", "short", "clearances", "memos", "kit", "offers", "holds", "registers"), NOBODY),
}
LETTER = {"template": "enquiry_received", "session": None, "why": "It came back."}
LOADED = 'hx-get="/today/not-told" hx-trigger="load" hx-select="#not-told"'
BY_ITSELF = {"X-By-Itself": "yes"}


@pytest.fixture
def priya(add, visitor, services):
    add("priya", "coordinator")
    visitor.sign_in()
    services.answers = {"list_dead": [], "list_not_told": [LETTER]}
    return visitor


@pytest.fixture(autouse=True)
def counted(services, monkeypatch):
    """Both services answer the same call, each with its own."""
    call = services.call

    def answered(service, method, /, **arguments):
        if method == "count_today":
            services.answers[method] = ENQUIRIES if service == "enquiries" else CALENDAR
        return call(service, method, **arguments)

    monkeypatch.setattr(services, "call", answered)


def asked(services):
    return [given for _service, method, given in services.calls if method == "list_not_told"]


def test_who_has_not_been_told_comes_once_the_page_is_drawn_and_without_script_by_a_link(priya, services):
    shown = priya.get("/today").text

    assert asked(services) == []
    assert LOADED in shown
    assert '<a href="/messages/not-told">See who has not been told</a>' in shown


def test_what_renews_itself_has_them_at_once(priya, services):
    shown = priya.get("/today", headers=BY_ITSELF).text

    assert [given["limit"] for given in asked(services)] == [10]
    assert LOADED not in shown
    assert "It came back." in shown


@pytest.mark.parametrize(("found", "count"), [([LETTER] * 3, ">3<"), ([LETTER] * 10, ">10 or more<")])
def test_they_are_counted_as_far_as_they_are_shown(priya, services, found, count):
    services.answers["list_not_told"] = found

    shown = priya.get("/today/not-told").text

    assert '<section id="not-told"' in shown
    assert count in shown
    assert shown.count("It came back.") == len(found)
    assert LOADED not in shown


@pytest.mark.parametrize(("path", "headers"), [("/today/not-told", {}), ("/today", BY_ITSELF)])
def test_where_everybody_was_told_the_card_goes(priya, services, path, headers):
    services.answers["list_not_told"] = []

    assert 'id="not-told"' not in priya.get(path, headers=headers).text


@pytest.mark.parametrize(("path", "headers"), [("/today/not-told", {}), ("/today", BY_ITSELF)])
def test_a_service_that_is_away_says_so_in_its_place(priya, services, path, headers):
    services.answers["list_not_told"] = Refused("unavailable", "Notifications does not answer.")

    answer = priya.get(path, headers=headers)

    assert answer.status_code == 200
    assert "Notifications does not answer. Who has not been told is not shown now." in answer.text


def test_to_load_it_is_a_sign_that_somebody_is_there_and_to_renew_it_is_none(priya, gateway, monkeypatch):
    noted = []
    by_session = gateway.entrance.by_session

    def seen(key, *, note=True):
        noted.append(note)
        return by_session(key, note=note)

    monkeypatch.setattr(gateway.entrance, "by_session", seen)

    priya.get("/today/not-told")
    priya.get("/today", headers=BY_ITSELF)

    assert noted == [True, False]
