"""Pages stay small however much there is: what is left out is said, and leads to where it can be seen."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from functools import partial
from typing import Any

import pytest
from flask import g

from ops.console import gantt
from ops.console.console import ask, together
from shared.errors import Refused
from tests.unit.ops.gateway_cast import PASSWORD

RUN = "0192f0c8-0000-7000-8000-000000000001"
PLACES = [{"id": f"P{number:03}", "name": f"Place {number:03}"} for number in range(120)]
ON = "2027-01-12"


def session(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"s{number}", "run": RUN, "run_state": "confirmed", "number": number, "of": 16, "state": "planned",
        "programme_name": "The Many Faces of Trauma", "establishment": PLACES[0], "date": ON, "start": "09:00",
        "end": "12:00", "facilitators": [], "room": None, "covered": False, "clashes": None, **more,
    }  # fmt: skip


def month(**more: Any) -> dict[str, Any]:
    span = {"start": "2026-12-28", "end": "2027-01-31"}
    return {**span, "sessions": [], "closures": [], "leave": [], "holds": [], "clashes": None, **more}


def clash(number: int) -> dict[str, Any]:
    return {"session": f"s{number}", "run": RUN, "number": number, "date": ON, "rule": "H2", "why": f"Why {number}.",
            "establishment": PLACES[0]}  # fmt: skip


@pytest.fixture
def priya(add, visitor, services):
    add("priya", "coordinator", "scheduler")
    visitor.sign_in()
    services.answers = {"list_establishments": PLACES, "list_facilitators": [], "get_calendar": month()}
    return visitor


def asked_of(services: Any, method: str) -> list[dict[str, Any]]:
    return [given for _service, name, given in services.calls if name == method]


def test_a_full_day_shows_the_first_sessions_and_leads_to_the_week_for_the_others(priya, services):
    services.answers["get_calendar"] = month(sessions=[session(number) for number in range(1, 28)])

    page = priya.get(f"/calendar?on={ON}").text

    assert page.count('class="mark ') == 5
    assert re.search(rf'<a class="more" href="/calendar/week\?on={ON}#day-{ON}">and 22 more</a>', page)
    assert f'id="day-{ON}"' in priya.get(f"/calendar/week?on={ON}").text


def test_closed_places_and_people_away_are_counted_and_the_first_named(priya, services):
    closures = [{"establishment": each, "first": ON, "last": ON, "why": "Christmas"} for each in PLACES]
    leave = [{"facilitator": {"name": f"Person {number}"}, "first": ON, "last": ON} for number in range(5)]
    services.answers["get_calendar"] = month(closures=closures, leave=leave)

    page = priya.get(f"/calendar?on={ON}").text

    assert "120 closed" in page
    assert "Place 000, Place 001, Place 002 and 117 more: Christmas" in page
    assert "Person 0, Person 1 and 3 more away" in page


@pytest.mark.parametrize("path", ["/calendar", "/calendar/week"])
def test_the_clashes_of_everybody_come_once_the_page_is_drawn(priya, services, path):
    page = priya.get(f"{path}?on={ON}").text

    assert [given["clashes"] for given in asked_of(services, "get_calendar")] == [False]
    there = "/calendar/clashes?start=2026-12-28&amp;end=2027-01-31"
    assert f'hx-get="{there}" hx-trigger="load" hx-select="#clashes"' in page
    assert f'<a href="{there}">' in page


def test_for_a_choice_of_somebody_their_names_alone_are_asked_for(priya, services):
    services.answers["list_facilitators"] = [{"id": "f1", "name": "Ana Reyes"}]

    page = priya.get(f"/calendar?on={ON}").text

    assert asked_of(services, "list_facilitators") == [{"brief": True}]
    assert '<option value="f1">Ana Reyes</option>' in page


def test_the_clashes_of_one_place_are_there_at_once(priya, services):
    services.answers["get_calendar"] = month(sessions=[session(3, clashes=True)], clashes=[clash(3)])

    page = priya.get(f"/calendar?on={ON}&place=P000").text

    assert asked_of(services, "get_calendar")[0]["clashes"] is True
    assert "Why 3." in page
    assert 'hx-get="/calendar/clashes' not in page


def test_of_many_clashes_the_first_are_listed_and_the_others_counted(priya, services):
    those = [clash(number) for number in range(60)]
    services.answers["list_clashes"] = {"start": "2026-12-28", "end": "2027-01-31", "clashes": those}

    page = priya.get("/calendar/clashes?start=2026-12-28&end=2027-01-31").text

    assert page.count("Place 000, session") == 50
    assert "And 10 more." in page
    assert priya.get("/calendar/clashes?start=2026-12-28&end=2027-01-31&format=csv").text.count("\n") == 61


def test_without_a_clash_that_is_said(priya, services):
    services.answers["list_clashes"] = {"start": ON, "end": ON, "clashes": []}

    assert "Every session to come keeps the rules." in priya.get("/calendar/clashes?start=a&end=b").text


def row(number: int, runs: int) -> dict[str, Any]:
    run = {
        "run": RUN, "enquiry": "KT-1", "establishment": PLACES[0], "programme_name": "Faces", "state": "confirmed",
        "first": "2027-01-12", "last": "2027-01-19",
        "sessions": [
            {"id": "a", "number": 1, "date": "2027-01-12", "state": "delivered"},
            {"id": "b", "number": 2, "date": "2027-01-19", "state": "planned"},
        ],
    }  # fmt: skip
    return {"id": f"P{number}", "name": f"Place {number}", "runs": [run] * runs, "closed": []}


def test_the_sessions_of_a_bar_are_one_path_for_each_state():
    start = dt.date(2027, 1, 1)
    [line] = gantt.draw([row(1, 1)], start, dt.date(2027, 6, 30)).lines

    assert line.bars[0].dots == {"delivered": "M279 43h0", "planned": "M321 43h0"}


@pytest.mark.parametrize(("wanted", "part"), [("2", 2), ("", 1), ("-3", 1), ("none", 1)])
def test_the_runs_of_many_places_come_in_parts(priya, services, wanted, part):
    parts = [{"first": "Place 0", "last": "Place 39"}, {"first": "Place 40", "last": "Place 61"}]
    services.answers["get_gantt"] = {"part": part, "parts": parts, "rows": [row(number, 1) for number in range(22)]}

    page = priya.get(f"/calendar/gantt?on={ON}&part={wanted}").text

    assert [given["part"] for given in asked_of(services, "get_gantt")] == [part]
    assert page.count("<rect") == 22
    assert page.count('aria-current="page">Place') == 1
    assert f'aria-current="page">{("Place 0 to Place 39", "Place 40 to Place 61")[part - 1]}</a>' in page


def test_where_no_run_lies_that_is_said(priya, services):
    services.answers["get_gantt"] = {"part": 1, "parts": [], "rows": []}

    assert "No run lies in these months." in priya.get(f"/calendar/gantt?on={ON}").text


def matrix(more: bool) -> dict[str, Any]:
    nothing = dict.fromkeys(("until", "days_left", "renewal", "level", "valid_from", "keys_until"))
    cell = {"establishment": "P000", "state": "none", **nothing}
    people = [
        {"id": f"f{number}", "name": f"Person {number:02}", "insured_until": None, "cells": [cell]}
        for number in range(50)
    ]
    return {"on": ON, "more": more, "establishments": PLACES[:1], "facilitators": people}


def test_the_matrix_is_paged_by_places_and_by_people(priya, services):
    services.answers["clearance_matrix"] = matrix(more=True)

    first, second = priya.get("/clearances").text, priya.get("/clearances?after=P000&part=2").text

    assert [given.get("after") for given in asked_of(services, "clearance_matrix")] == [None, "P000"]
    assert {given["limit"] for given in asked_of(services, "clearance_matrix")} == {8}
    assert ("Person 39" in first, "Person 40" in first, "Person 40" in second) == (True, False, True)
    assert ("Next places" in first, "Next people" in first, "First places" in first) == (True, True, False)
    assert ("First places" in second, "First people" in second, "Next people" in second) == (True, True, False)


def test_a_spreadsheet_has_the_whole_matrix(priya, services):
    services.answers["clearance_matrix"] = matrix(more=False)

    assert priya.get("/clearances?format=csv").text.count("Person") == 50
    assert asked_of(services, "clearance_matrix")[0].get("limit") is None


def test_calls_made_together_are_answered_in_their_order_each_in_the_request_at_hand(app, gateway, services, add):
    add("priya", "coordinator")
    services.answers |= {"count_quarantine": "first", "list_filters": "second"}
    with app.test_request_context("/today"):
        g.operator = gateway.entrance.sign_in("priya", PASSWORD, "", "192.0.2.1")

        calls = [partial(ask, "enquiries", method) for method in ("count_quarantine", "list_filters")]

        assert together(*calls) == ["first", "second"]
        assert {given.get("actor") for given in asked_of(services, "list_filters")} == {"priya"}
        services.answers["list_filters"] = Refused("not_found", "None.")
        with pytest.raises(Refused):
            together(*calls)


def test_our_own_files_go_out_packed_to_whoever_takes_that(visitor):
    plain = visitor.get("/static/console.css", buffered=True)
    packed = visitor.get("/static/console.css", headers={"Accept-Encoding": "gzip, br"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert {answer.headers["Vary"] for answer in (plain, packed)} == {"Accept-Encoding"}
    again = visitor.get(
        "/static/console.css", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    for answer in (plain, packed, again):
        answer.close()


def test_pages_are_never_packed(priya):
    page = priya.get("/account", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in page.headers
