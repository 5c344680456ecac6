"""Facilitators, clearances and what comes from spreadsheets: what each command asks for, and what it prints."""

from __future__ import annotations

import json

import pytest

from tests.unit.ops.telling_cast import done, telling

ANA = {
    "id": "f1",
    "name": "Siân Reyes",
    "email": "sian@facilitators.example",
    "state": "active",
    "latitude": 53.41,
    "longitude": -2.59,
    "hours": [{"weekday": "tue", "start": "09:00", "end": "17:00"}],
    "clearances": [{"id": "c1", "establishment": "RSI", "state": "granted", "valid_until": "2027-03-19"}],
    "accreditations": [{"id": "a1", "kind": "NADA", "valid_from": "2025-03-01", "valid_until": None}],
    "leave": [{"id": "l1", "first": "2027-01-18", "last": "2027-01-22"}],
    "escorts": [],
}
AHEAD = {
    "run": "r1",
    "enquiry": "KT-7F3K-92",
    "run_state": "confirmed",
    "establishment": "Risley (HMP)",
    "session": "s1",
    "number": 11,
    "date": "2027-03-23",
    "start": "13:45",
}


def test_a_facilitator_is_shown_with_all_they_hold_and_lead(keytalk, gateway):
    gateway.will_answer("scheduling.get_facilitator", ANA)
    gateway.will_answer("scheduling.list_sessions_ahead", [AHEAD])

    shown = keytalk("facilitators", "show", "f1").stdout

    held = ("Siân Reyes", "53.41, -2.59", "tue 09:00 to 17:00", "c1", "NADA", "Fri 22 Jan 2027")
    for words in (*held, "Sessions to come:"):
        assert words in shown
    assert "confirmed" in shown
    given = json.loads(keytalk("facilitators", "show", "f1", "--json").stdout)
    assert given == {**ANA, "sessions_ahead": [AHEAD]}


@pytest.mark.parametrize(
    ("line", "call", "sent"),
    [
        (
            "change f1 --state resting --sessions-a-week 0 --no base --no vehicle",
            "change_facilitator",
            {"facilitator": "f1", "state": "resting", "max_sessions_a_week": 0, "empty": ["base", "vehicle"]},
        ),
        (
            "change f1 --latitude 53.4 --longitude -2.6",
            "change_facilitator",
            {"facilitator": "f1", "latitude": 53.4, "longitude": -2.6},
        ),
        (
            "accredit f1 NADA --from 2025-03-01",
            "add_accreditation",
            {"facilitator": "f1", "kind": "NADA", "valid_from": "2025-03-01"},
        ),
        ("end-accreditation a1 --on 2026-12-31", "end_accreditation", {"accreditation": "a1", "on": "2026-12-31"}),
        (
            "away f1 --from 2027-01-18 --to 2027-01-22",
            "add_leave",
            {"facilitator": "f1", "first": "2027-01-18", "last": "2027-01-22"},
        ),
        ("back l1", "remove_leave", {"leave": "l1"}),
        (
            "hours f1 mon=09:00-12:30 Tue=13:00-17:00",
            "set_working_hours",
            {
                "facilitator": "f1",
                "hours": [
                    {"weekday": "mon", "start": "09:00", "end": "12:30"},
                    {"weekday": "tue", "start": "13:00", "end": "17:00"},
                ],
            },
        ),
        ("hours f1", "set_working_hours", {"facilitator": "f1", "hours": []}),
    ],
)
def test_only_what_was_given_is_sent(keytalk, gateway, line, call, sent):
    gateway.will_answer(f"scheduling.{call}", ANA)

    result = keytalk("facilitators", *line.split())

    assert gateway.asked == [(f"scheduling.{call}", sent)]
    assert "Siân Reyes" in result.stdout


def test_sessions_of_somebody_who_leaves_are_listed_for_cover(keytalk, gateway):
    gateway.will_answer("scheduling.change_facilitator", {**ANA, "state": "left", "needs_cover": [AHEAD]})

    shown = keytalk("facilitators", "change", "f1", "--state", "left").stdout

    assert "These sessions need cover:" in shown
    assert "Tue 23 Mar 2027" in shown


def test_hours_that_cannot_be_read_are_not_sent(keytalk, gateway):
    assert keytalk("facilitators", "hours", "f1", "tue").exit_code == 2
    assert gateway.asked == []


def test_erasing_asks_first(keytalk, gateway):
    gateway.will_answer("scheduling.get_facilitator", ANA)
    gateway.will_answer("scheduling.erase_facilitator", {**ANA, "name": "A former facilitator", **telling()})

    assert keytalk("facilitators", "erase", "f1", "--reason", "They asked.", typed="n\n").exit_code == 1
    assert done(gateway, "scheduling.erase_facilitator") == []
    assert keytalk("facilitators", "erase", "f1", "--reason", "They asked.", typed="y\n").exit_code == 0
    assert "Erased" in keytalk("facilitators", "erase", "f1", "--reason", "They asked.", "--yes").stdout
    assert len(done(gateway, "scheduling.erase_facilitator")) == 2


def cell(place, state, **more):
    blank = dict.fromkeys(("level", "valid_from", "valid_until", "until", "days_left", "keys_until", "renewal"))
    return {"establishment": place, "state": state, "site_access": True, "ctc": False, **blank, **more}


MATRIX = {
    "on": "2026-12-19",
    "establishments": [{"id": "RSI", "name": "Risley (HMP)"}, {"id": "STI", "name": "Styal (HMP & YOI)"}],
    "facilitators": [
        {
            "id": "f1",
            "name": "Siân Reyes",
            "insured_until": None,
            "cells": [
                cell("RSI", "expiring", until="2027-03-19", days_left=90, renewal="applied"),
                cell("STI", "valid", until="2028-03-19", days_left=456),
            ],
        },
        {
            "id": "f2",
            "name": "Tom",
            "insured_until": None,
            "cells": [cell("RSI", "none"), cell("STI", "not_yet", site_access=False, valid_from="2026-12-01")],
        },
    ],
}


def test_the_matrix_is_a_line_a_person_and_a_column_a_place(keytalk, gateway):
    gateway.will_answer("scheduling.clearance_matrix", MATRIX)

    result = keytalk("clearances", "matrix", "--establishment", "RSI", "--establishment", "STI", "--on", "2026-12-19")

    assert gateway.asked[0][1] == {"establishments": ["RSI", "STI"], "on": "2026-12-19"}
    lines = [line.split("  ") for line in result.stdout.splitlines() if line.strip() and "─" not in line]
    table = [[word.strip() for word in line if word.strip()] for line in lines]
    assert table == [
        ["Name", "RSI", "STI"],
        ["Siân Reyes", "ENDS 2027-03-19, in 90 days; renewal applied", "to 2028-03-19"],
        ["Tom", "-", "not on the gate's list"],
    ]
    assert "RSI is Risley (HMP); STI is Styal (HMP & YOI)" in result.stderr
    assert json.loads(keytalk("clearances", "matrix", "--json").stdout) == MATRIX


@pytest.mark.parametrize(
    ("line", "call", "sent"),
    [
        (
            "change c1 --until 2027-03-19 --no-site-access --no-keys",
            "change_clearance",
            {"clearance": "c1", "valid_until": "2027-03-19", "site_access": False, "no_keys": True},
        ),
        ("suspend c1", "suspend_clearance", {"clearance": "c1"}),
        (
            "escort --facilitator f1 --establishment RSI --on 2026-12-09",
            "agree_escort",
            {"facilitator": "f1", "establishment": "RSI", "date": "2026-12-09"},
        ),
        (
            "no-escort --facilitator f1 --establishment RSI --on 2026-12-09",
            "call_off_escort",
            {"facilitator": "f1", "establishment": "RSI", "date": "2026-12-09"},
        ),
    ],
)
def test_clearances_are_changed_by_what_was_given(keytalk, gateway, line, call, sent):
    gateway.will_answer(f"scheduling.{call}", ANA)

    assert keytalk("clearances", *line.split()).exit_code == 0
    assert gateway.asked == [(f"scheduling.{call}", sent)]


REPORT = {"added": 1, "changed": 0, "unchanged": 0, "refused": []}
RUN = {"enquiry": "row-17", "run": "r1", "state": "confirmed", "delivered": 2, "planned": 2, "cancelled": 1}


@pytest.mark.parametrize("noun", ["facilitators", "clearances"])
def test_a_sheet_goes_in_without_its_mark_and_refused_rows_end_with_1(keytalk, gateway, tmp_path, noun):
    file = tmp_path / "sheet.csv"
    file.write_bytes("\ufeffname,email\nSiân,s@x.example\n".encode())
    refused = [{"line": 2, "id": "s@x.example", "why": "email: Give one full email address."}]
    gateway.will_answer(f"scheduling.import_{noun}", REPORT, {**REPORT, "added": 0, "refused": refused})

    fine, not_fine = keytalk(noun, "import", str(file)), keytalk(noun, "import", str(file), "--dry-run")

    assert [sent for _, sent in gateway.asked] == [
        {"csv_text": "name,email\nSiân,s@x.example\n", "dry_run": dry_run} for dry_run in (False, True)
    ]
    assert (fine.exit_code, not_fine.exit_code) == (0, 1)
    assert "1 added" in fine.stdout
    assert "A dry run, nothing is stored." in not_fine.stdout
    assert "Give one full email address" in not_fine.stdout


def test_a_file_in_another_encoding_is_not_sent(keytalk, gateway, tmp_path):
    file = tmp_path / "sheet.csv"
    file.write_bytes("name,email\nSiân,s@x.example\n".encode("cp1252"))

    assert "not UTF-8" in keytalk("facilitators", "import", str(file)).stderr
    assert gateway.asked == []


def test_people_are_told_of_imported_runs_only_when_asked_for_and_confirmed(keytalk, gateway, tmp_path):
    file = tmp_path / "runs.csv"
    file.write_text("enquiry\n")
    gateway.will_answer("scheduling.import_runs", {**REPORT, "runs": [{**RUN, "open_rules": {"H3": [11, 12]}}]})

    quiet = keytalk("runs", "import", str(file))
    assert "H3: 11, 12" in quiet.stdout
    assert gateway.asked.pop()[1] == {"csv_text": "enquiry\n", "dry_run": False}

    assert keytalk("runs", "import", str(file), "--tell", typed="n\n").exit_code == 1
    assert [sent["dry_run"] for _, sent in gateway.asked] == [True]
    keytalk("runs", "import", str(file), "--tell", typed="y\n")
    assert gateway.asked[-1][1] == {"csv_text": "enquiry\n", "dry_run": False, "tell": True}
    assert "Columns: enquiry" in keytalk("runs", "import", "--help").stdout
