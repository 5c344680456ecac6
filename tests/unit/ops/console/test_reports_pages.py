"""Reports are loaded one by one, once their page is there; each as a page and as a file of its own."""

from __future__ import annotations

import pytest

from shared.errors import Refused

PARTS = ("funnel", "times", "sources", "sessions", "load", "reach")
STAGES = ("received", "screened", "reached_availability", "reached_suitability", "reached_next_steps",
          "reached_agreement", "won")  # fmt: skip
ANSWERS = {
    "report_funnel": {"rows": [{"group": "2026-11", "declined": 1, "withdrawn": 0, "lapsed": 2,
                                **dict.fromkeys(STAGES, 7)}]},
    "report_times": {"rows": [{"measure": "first_reply", "median": None, "p90": None, "unit": "days", "count": 0,
                               "not_yet": 3}]},
    "report_sources": {"rows": []},
    "report_sessions": {"totals": dict.fromkeys(("planned", "in_place", "delivered", "part_delivered", "to_come",
                                                 "cancelled", "chargeable"), 4),
                        "months": [{"month": "2026-11", "delivered": 3, "part_delivered": 1}], "rows": [],
                        "cancelled": [{"reason": "lockdown", "party": "prison", "sessions": 2, "chargeable": 0}]},
    "report_load": {"rows": []},
    "report_reach": {"rows": []},
}  # fmt: skip


@pytest.fixture
def priya(add, visitor, services):
    add("priya", "coordinator")
    visitor.sign_in()
    services.answers = ANSWERS
    return visitor


PERIOD = "first=2026-01-01&last=2026-12-31"


def test_the_page_asks_nobody_and_loads_each_report_by_itself(priya, services):
    shown = priya.get(f"/reports?{PERIOD}").text

    for name in PARTS:
        assert f'hx-get="/reports/{name}?{PERIOD}' in shown.replace("&amp;", "&")
    assert not [method for _service, method, _given in services.calls if method.startswith("report_")]


@pytest.mark.parametrize("name", PARTS)
def test_each_report_is_a_page_that_asks_for_itself_alone(priya, services, name):
    shown = priya.get(f"/reports/{name}?{PERIOD}").text

    assert f'id="report-{name}"' in shown
    [given] = [given for _service, method, given in services.calls if method.startswith("report_")]
    assert given["start"] == "2026-01-01"
    assert given.get("until", given.get("end")) in {"2027-01-01", "2026-12-31"}


def test_a_report_whose_service_is_away_says_so_in_its_place(priya, services):
    services.answers = ANSWERS | {"report_load": Refused("unavailable", "Scheduling does not answer.")}

    answer = priya.get(f"/reports/load?{PERIOD}")

    assert answer.status_code == 200
    assert "Scheduling does not answer. This report is not shown now." in answer.text
    assert 'id="report-load"' in answer.text


def test_a_file_asks_for_its_report_alone(priya, services):
    answer = priya.get(f"/reports?{PERIOD}&file=cancelled")

    assert answer.text.splitlines()[1] == "lockdown,prison,2,0"
    assert [method for _service, method, _given in services.calls if method.startswith("report_")] == [
        "report_sessions"
    ]


def test_a_cancelled_session_of_which_no_reason_was_put_down_says_so(priya, services):
    nothing = {"reason": None, "party": None, "sessions": 1, "chargeable": 0}
    services.answers = ANSWERS | {
        "report_sessions": {
            **ANSWERS["report_sessions"],
            "cancelled": [*ANSWERS["report_sessions"]["cancelled"], nothing],
        }
    }

    shown = priya.get(f"/reports/sessions?{PERIOD}").text

    assert "Lockdown (prison)" in shown
    assert "Not put down" in shown
    assert "None" not in shown
    assert "Nov 2026" in shown


def test_each_file_says_what_is_in_it_where_a_report_has_several(priya):
    shown = priya.get(f"/reports/sessions?{PERIOD}").text

    assert "Save sessions by place as a spreadsheet (CSV)" in shown
    assert "Save why sessions were cancelled as a spreadsheet (CSV)" in shown
