"""What `keytalk calendar` and the reports of the calendar ask of the gateway, and what they print."""

from __future__ import annotations

import csv
import json

import pytest

RISLEY = {"id": "RSI", "name": "Risley (HMP)"}
BETWEEN = ("--from", "2027-03-01", "--to", "2027-03-31")
ASKED = {"start": "2027-03-01", "end": "2027-03-31"}
EVERYTHING = {"establishments": None, "facilitators": None, "programmes": None}
SESSION = {
    "id": "s9",
    "run": "r1",
    "enquiry": "KT-7F3K-92",
    "run_state": "confirmed",
    "number": 9,
    "of": 16,
    "state": "planned",
    "programme_name": "The Many Faces of Trauma",
    "establishment": RISLEY,
    "date": "2027-03-10",
    "start": "13:45",
    "end": "16:45",
    "facilitators": [
        {"id": "p1", "name": "Tom", "role": "regular"},
        {"id": "p2", "name": "Lee", "role": "cover"},
    ],
    "moved_from": {"date": "2027-03-09", "start": "13:45"},
    "clashes": True,
}
CALENDAR = {
    **ASKED,
    "sessions": [SESSION],
    "holds": [{"hold": "h1"}],
    "closures": [{"establishment": RISLEY, "first": "2027-03-26", "last": "2027-03-26", "why": "Good Friday"}],
    "leave": [{"facilitator": {"id": "p1", "name": "Tom"}, "first": "2027-03-10", "last": "2027-03-12"}],
    "clashes": [{"date": "2027-03-10", "rule": "H7", "why": "Tom is on leave on 10 March 2027.", "run": "r1"}],
}
NOTHING = {"count": 0, "mine": 0, "items": []}
TODAY = dict.fromkeys(("sessions", "memos", "clearances", "kit", "offers", "holds", "registers", "short"), NOTHING)
COUNTS = {
    "planned": 8,
    "in_place": 1,
    "delivered": 7,
    "part_delivered": 0,
    "to_come": 1,
    "cancelled": 1,
    "chargeable": 7,
}


def test_a_month_is_shown_with_what_clashes_what_is_closed_and_who_is_away(gateway, keytalk):
    gateway.will_answer("scheduling.get_calendar", CALENDAR)

    shown = keytalk("calendar", "show", *BETWEEN)

    assert gateway.asked == [("scheduling.get_calendar", {**ASKED, **EVERYTHING})]
    for words in (
        *("10 Mar 2027", "13:45-16:45", "Risley (HMP)", "9 of 16", "Tom, Lee (cover)", "KT-7F3K-92"),
        "planned, moved from 2027-03-09, CLASHES",
        *("Clashes:", "Tom is on leave on 10 March 2027.", "Good Friday", "On leave:", "On hold: 1."),
    ):
        assert words in shown.stdout


def test_clashes_are_listed_alone_with_where_they_are(gateway, keytalk):
    clash = {"date": "2027-03-10", "rule": "H7", "why": "Tom is on leave.", "run": "r1", "session": "s9"}
    found = {**ASKED, "clashes": [{**clash, "establishment": {"id": "RSI", "name": "Risley (HMP)"}}]}
    gateway.will_answer("scheduling.list_clashes", found)
    gateway.will_answer("scheduling.list_clashes", {**ASKED, "clashes": []})

    shown = keytalk("calendar", "clashes", *BETWEEN).stdout

    assert gateway.asked == [("scheduling.list_clashes", {**ASKED, **EVERYTHING})]
    for words in ("10 Mar 2027", "Risley (HMP)", "H7", "Tom is on leave."):
        assert words in shown
    assert "Every session to come keeps the rules." in keytalk("calendar", "clashes", *BETWEEN).stdout


def test_only_what_is_asked_for_is_asked_of_the_gateway(gateway, keytalk):
    gateway.will_answer("scheduling.get_calendar", CALENDAR)

    keytalk(
        *("calendar", "show", *BETWEEN, "--establishment", "RSI", "--establishment", "STI"),
        *("--facilitator", "p1", "--programme", "many-faces-of-trauma", "--json"),
    )

    [(_, body)] = gateway.asked
    assert body == {
        **ASKED,
        "establishments": ["RSI", "STI"],
        "facilitators": ["p1"],
        "programmes": ["many-faces-of-trauma"],
    }


@pytest.mark.parametrize(
    ("command", "call", "answer"),
    [
        (("calendar", "show"), "get_calendar", CALENDAR),
        (("calendar", "clashes"), "list_clashes", {**ASKED, "clashes": []}),
        (("calendar", "gantt"), "get_gantt", {**ASKED, "rows": []}),
        (("reports", "sessions"), "report_sessions", {"rows": [], "totals": COUNTS, "months": [], "cancelled": []}),
        (("reports", "load"), "report_load", {"rows": []}),
        (("reports", "reach"), "report_reach", {"rows": [], "totals": {}}),
    ],
)
def test_json_is_what_the_gateway_said(gateway, keytalk, command, call, answer):
    gateway.will_answer(f"scheduling.{call}", answer)

    assert json.loads(keytalk(*command, *BETWEEN, "--json").stdout) == answer


def test_a_draft_and_a_hold_are_said_to_be_such(gateway, keytalk):
    plain = {"moved_from": None, "clashes": False}
    draft, held = ({**SESSION, **plain, "run_state": state} for state in ("draft", "held"))
    empty = dict.fromkeys(("holds", "closures", "leave", "clashes"), ())
    gateway.will_answer("scheduling.get_calendar", {**CALENDAR, **empty, "sessions": [draft, held]})

    lines = keytalk("calendar", "show", *BETWEEN, "--csv").stdout.splitlines()

    assert [row["State"] for row in csv.DictReader(lines)] == ["draft", "on hold"]


def test_a_gantt_is_a_line_a_run(gateway, keytalk):
    marks = [{"state": "delivered"}, {"state": "cancelled"}]
    run = {"run": "r1", "enquiry": "KT-7F3K-92", "establishment": RISLEY, "programme_name": "Faces", "of": 16}
    bar = {**run, "state": "confirmed", "first": "2027-03-02", "last": "2027-03-30", "sessions": marks}
    gateway.will_answer("scheduling.get_gantt", {**ASKED, "rows": [{"id": "p1", "name": "Tom", "runs": [bar]}]})

    lines = keytalk("calendar", "gantt", *BETWEEN, "--by", "facilitator", "--csv").stdout.splitlines()

    assert gateway.asked == [("scheduling.get_gantt", {**ASKED, **EVERYTHING, "by": "facilitator"})]
    [row] = csv.DictReader(lines)
    assert (row["Row"], row["Establishment"], row["From"], row["Sessions"]) == (
        *("Tom", "Risley (HMP)", "2027-03-02", "1 of 16"),
    )


def test_today_says_how_many_of_each_kind_and_the_first_of_them(gateway, keytalk):
    short = {**SESSION, "session": "s9", "lacks": 1, "why": "It needs 2 facilitators."}
    shut_out = {
        "facilitator": {"id": "p2", "name": "Ana"},
        "establishment": RISLEY,
        "ends_on": "2027-03-19",
        "sessions": ["s11", "s12"],
        "why": "Ana's clearance ends.",
        "date": "2027-03-19",
    }
    told = {
        "short": {"count": 12, "mine": 0, "items": [short]},
        "clearances": {"count": 1, "mine": 0, "items": [shut_out]},
    }
    gateway.will_answer("scheduling.count_today", {**TODAY, **told})

    shown = keytalk("calendar", "today")

    assert "Sessions without enough facilitators: 12" in shown.stdout
    assert "session 9 at 13:45" in shown.stdout
    assert "Ana, ends 2027-03-19, cannot come in to 2" in shown.stdout
    assert "Gate memos due or out of date: 0" in shown.stdout
    assert "These are the first 1." in shown.stderr


def test_a_report_of_sessions_has_its_months_its_reasons_and_its_rows(gateway, keytalk):
    row = {"establishment": "RSI", "name": "Risley (HMP)", "programme": "faces", "programme_name": "Faces", **COUNTS}
    fell_out = {"reason": "lockdown_or_incident", "party": "prison", "sessions": 1, "chargeable": 0}
    months = [{"month": "2027-03", **COUNTS}]
    report = {"rows": [row], "months": months, "totals": COUNTS, "cancelled": [fell_out]}
    gateway.will_answer("scheduling.report_sessions", report, report)

    shown = keytalk("reports", "sessions", *BETWEEN).stdout
    [line] = csv.DictReader(keytalk("reports", "sessions", *BETWEEN, "--csv").stdout.splitlines())

    for words in ("Risley (HMP)", "2027-03", "In all", "lockdown_or_incident", "prison"):
        assert words in shown
    assert (line["Id"], line["Planned"], line["In place of cancelled ones"], line["Chargeable"]) == (
        "RSI",
        "8",
        "1",
        "7",
    )


def test_small_counts_are_printed_as_they_came(gateway, keytalk):
    row = {**RISLEY, "establishment": "RSI", "runs": 1, "sessions": 1, "registers": 1, "attendances": "under 5"}
    totals = {"runs": 1, "sessions": 1, "registers": 1, "attendances": "under 5"}
    gateway.will_answer("scheduling.report_reach", {"rows": [row], "totals": totals})

    shown = keytalk("reports", "reach", *BETWEEN).stdout

    assert "In all: 1 runs, 1 sessions, attendances: under 5." in shown


def test_a_period_that_is_too_long_is_said_in_words(gateway, keytalk):
    why = "These are 101 days, and up to 100 can be shown at once. Give 8 June 2027 or an earlier day."
    gateway.will_refuse("scheduling.get_calendar", 422, "Some of this needs a change.", errors={"end": [why]})

    found = keytalk("calendar", "show", "--from", "2027-03-01", "--to", "2027-06-09")

    assert (found.exit_code, f"end: {why}" in found.stderr) == (1, True)
