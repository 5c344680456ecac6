"""What `keytalk today`, `keytalk board` and `keytalk reports` ask for, and what they print."""

import csv
import io
import json

NONE = {"count": 0, "first": []}
ENQUIRY = {
    "reference": "KT-7F3K-92",
    "title": "Risley (HMP)",
    "programme": "many-faces-of-trauma",
    "stage": "new",
    "owner": None,
    "received_at": "2026-11-20T09:00:00+00:00",
    "due_at": "2026-11-24T17:00:00+00:00",
    "working_days": 3,
}
QUIET = {
    "as_of": "2026-11-25T09:00:00+00:00",
    "day": "2026-11-25",
    "within_working_days": 2,
    "first_replies": {"in_time": NONE, "due_today": NONE, "late": NONE},
    "not_filed": NONE,
    "tasks": {"overdue": NONE, "due": NONE, "mine": NONE},
    "quarantine": NONE,
    "proposals": NONE,
    "no_answer": NONE,
    "data_requests": NONE,
    "canary": {"on": True, "late": False, "failing": False},
}
CARD = {
    "reference": "KT-7F3K-92",
    "stage": "new",
    "establishment": "Risley (HMP)",
    "owner": "sam",
    "waiting_on": "us",
    "age_days": 4,
    "next_step": {"id": "t1", "title": "Write the first reply", "due_on": "2026-11-24", "owner": None},
    "cursor": "abc",
}
BOARD = {"stages": [{"stage": "new", "total": 12, "cards": [CARD]}, {"stage": "won", "total": 0, "cards": []}]}
ABOUT = {"start": "2026-10-01", "until": "2027-01-01", "by": "month", "as_of": "2026-11-25T09:00:00+00:00"}
# On its way through the gateway a row comes in the order of the alphabet.
ROW = {"group": "2026-10", "reached_next_steps": 2, "received": 7}
FUNNEL = {
    **ABOUT,
    "columns": ["group", "received", "reached_next_steps"],
    "rows": [ROW, {"group": "2026-11", "received": 0, "reached_next_steps": 0}],
    "total": {"group": "all", "received": 7, "reached_next_steps": 2},
    "lost": [{"group": "2026-10", "outcome": "lapsed", "came_to": "suitability", "count": 3}],
}


def test_today_tells_what_presses_and_leaves_out_what_does_not(keytalk, gateway):
    late = {"in_time": NONE, "due_today": NONE, "late": {"count": 14, "first": [ENQUIRY]}}
    canary = {"on": True, "late": False, "failing": True}
    gateway.will_answer("enquiries.count_today", {**QUIET, "first_replies": late, "canary": canary})

    said = keytalk("today").stdout

    assert "First replies that are late: 14" in said
    assert "KT-7F3K-92" in said
    assert "Tasks" not in said
    assert "did not come in" in said


def test_a_quiet_day_is_said_to_be_one(keytalk, gateway):
    gateway.will_answer("enquiries.count_today", QUIET)

    assert keytalk("today").stdout == "Nothing needs a person now.\n"
    assert json.loads(keytalk("today", "--json").stdout) == QUIET


def test_the_board_counts_each_stage_and_shows_its_cards(keytalk, gateway):
    gateway.will_answer("enquiries.get_board", BOARD)

    said = keytalk("board", "--owner", "sam", "--per-stage", "3").stdout

    assert gateway.asked == [("enquiries.get_board", {"per_stage": 3, "owner": "sam"})]
    assert "new: 12" in said
    assert "won: 0" in said
    assert "Write the first reply" in said


def test_the_board_goes_on_in_one_stage_after_a_cursor(keytalk, gateway):
    gateway.will_answer("enquiries.list_cards", [CARD])

    shown = json.loads(keytalk("board", "--stage", "new", "--after", "abc", "--json").stdout)

    assert gateway.asked == [("enquiries.list_cards", {"stage": "new", "after": "abc", "limit": 5})]
    assert shown == [CARD]
    assert keytalk("board", "--after", "abc").exit_code == 2


def test_a_report_takes_the_last_day_in_and_shows_its_total(keytalk, gateway):
    gateway.will_answer("enquiries.report_funnel", FUNNEL)

    result = keytalk("reports", "funnel", "--from", "2026-10-01", "--to", "2026-12-31")

    asked = {"start": "2026-10-01", "until": "2027-01-01", "by": "month"}
    assert gateway.asked == [("enquiries.report_funnel", asked)]
    assert "Reached next steps" in result.stdout
    assert "suitability" in result.stdout
    assert result.stdout.count("all") == 1


def test_a_report_for_a_spreadsheet_holds_its_rows_alone(keytalk, gateway):
    gateway.will_answer("enquiries.report_funnel", FUNNEL)

    printed = keytalk("reports", "funnel", "--from", "2026-10-01", "--to", "2026-12-31", "--csv").stdout

    heading, *rows = csv.reader(io.StringIO(printed))
    assert heading == ["Group", "Received", "Reached next steps"]
    assert rows == [["2026-10", "7", "2"], ["2026-11", "0", "0"]]


def test_times_and_sources_are_asked_for_by_what_makes_a_row(keytalk, gateway):
    row = {"group": "all", "measure": "first_reply", "unit": "working hours", "count": 2, "median": 3.5, "p90": 4.0}
    gateway.will_answer("enquiries.report_times", {**ABOUT, "columns": list(row), "rows": [row]})
    gateway.will_answer("enquiries.report_sources", {**ABOUT, "columns": ["group"], "rows": [], "total": {}})
    days = ("--from", "2026-10-01", "--to", "2026-10-01")

    times = keytalk("reports", "times", *days, "--by", "all")
    sources = keytalk("reports", "sources", *days, "--by", "establishment")

    assert [(call, body["by"]) for call, body in gateway.asked] == [
        ("enquiries.report_times", "all"),
        ("enquiries.report_sources", "establishment"),
    ]
    assert "3.5" in times.stdout
    assert "Nothing was received in this period." in sources.stdout
