"""What `keytalk memos`, `keytalk kit` and `keytalk sessions delivered` ask of the gateway, and what they print."""

from __future__ import annotations

import base64
import json

import pytest

from ops.cli import output
from tests.unit.ops.telling_cast import done, telling

MEMO = {
    "memo": "0192f0c8-0000-7000-8000-0000000000f1",
    "run": "0192f0c8-0000-7000-8000-000000000000",
    "reference": "KT-7F3K-92",
    "version": 1,
    "state": "draft",
    "establishment": "Risley (HMP)",
    "purpose": "The Many Faces of Trauma",
    "host": None,
    "approval": None,
    "due_on": "2026-12-24",
    "first_date": "2027-01-12",
    "sent_at": None,
    "people": [{"name": "Ana Reyes", "vehicle": None, "entry": "Escort needed", "dates": ["2027-01-12"]}],
    "visits": [{"number": 1, "date": "2027-01-12", "start": "13:45", "end": "16:45", "arrive_by": "12:45"}],
    "equipment": [{"item": "acupuncture needles", "quantity": 120}],
    "amendment": [],
}
RUN = MEMO["run"]
KIT = {
    "run": RUN,
    "reference": "KT-7F3K-92",
    "items": [
        {
            "item": "acupuncture needles",
            "quantity": 120,
            "risk": "sharp",
            "counted": True,
            "instead_of": None,
            "standing": "refused",
            "valid_until": None,
            "choices": ["Leave it out", "Bring something else"],
        }
    ],
    "left_out": [],
    "counts": [],
}
SESSION = {
    "session": "0192f0c8-0000-7000-8000-000000000001",
    "number": 1,
    "date": "2027-01-12",
    "state": "delivered",
    "outcome": {"state": "delivered", "cause": None, "party": None, "minutes": None, "chargeable": True},
    "attendance": None,
}
REPORT = {
    "reference": "KT-7F3K-92",
    "planned": 16,
    "delivered": 1,
    "part_delivered": 0,
    "to_come": 15,
    "cancelled": [{"cause": "lockdown_or_incident", "party": "prison", "sessions": 1}],
    "attendance": {"sessions_counted": 1, "expected": None, "attended": 9, "late": None, "absent": {"unwell": None}},
    "feedback": [{"audience": "host", "answers": None, "scores": {}}],
}


@pytest.mark.parametrize(
    ("words", "call", "asked"),
    [
        (["make", RUN, "--host", "Hub"], "make_memo", {"run": RUN, "purpose": None, "host": "Hub", "session": None}),
        (["show", RUN], "get_memo", {"memo": RUN}),
        (["send", RUN, "--yes"], "send_memo", {"memo": RUN}),
        (["approve", RUN, "--as", "SEC-14"], "approve_memo", {"memo": RUN, "approval": "SEC-14"}),
        (["refuse", RUN], "refuse_memo", {"memo": RUN}),
    ],
)
def test_each_command_about_a_memo_asks_for_its_operation(keytalk, gateway, words, call, asked):
    gateway.will_answer(f"scheduling.{call}", MEMO)

    result = keytalk("memos", *words, "--json")

    assert json.loads(result.stdout) == MEMO
    assert gateway.asked == [(f"scheduling.{call}", asked)]


def test_a_memo_is_shown_before_it_is_sent_and_only_a_yes_sends_it(keytalk, gateway):
    told = telling((f"enquirer:{MEMO['reference']}", "gate_memo_sent_contact"))
    gateway.will_answer("scheduling.send_memo", {**MEMO, **told})
    gateway.will_refuse("enquiries.get_enquiry", 403, "Your account may not do that.")

    no = keytalk("memos", "send", RUN, typed="n\n")

    assert "Ana Reyes" in no.stdout
    assert f"the contact of {MEMO['reference']}: Gate memo sent, to the contact" in no.stdout
    dry = keytalk("memos", "send", RUN, "--dry-run", "--yes")
    assert (no.exit_code, dry.exit_code) == (1, 0)
    assert done(gateway, "scheduling.send_memo") == []
    keytalk("memos", "send", RUN, typed="y\n")
    assert done(gateway, "scheduling.send_memo") == [{"memo": RUN}]


def test_what_is_different_now_is_said_with_what_to_do(keytalk, gateway):
    gateway.will_answer("scheduling.get_memo", {**MEMO, "amendment": ["19 January 2027: with Lee Marsh."]})

    result = keytalk("memos", "show", RUN)

    assert "19 January 2027: with Lee Marsh." in result.stderr
    assert f"keytalk memos make {RUN}" in result.stderr
    assert "120 acupuncture needles" in result.stdout


def test_memos_are_listed_and_written_as_a_file(keytalk, gateway, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gateway.will_answer("scheduling.list_memos", [MEMO])
    paper = {"name": "../gate-memo.pdf", "pdf": base64.b64encode(b"%PDF").decode()}
    gateway.will_answer("scheduling.get_memo_pdf", paper)

    assert "Thu 24 Dec 2026" in keytalk("memos", "list", "--run", RUN, "--state", "draft").stdout
    assert gateway.asked[0][1] == {"limit": 50, "run": RUN, "state": "draft"}
    assert keytalk("memos", "pdf", RUN).stdout == "gate-memo.pdf\n"
    assert (tmp_path / "gate-memo.pdf").read_bytes() == b"%PDF"
    assert keytalk("memos", "pdf", RUN, "-o", "nowhere/at-all.pdf").exit_code == 1


@pytest.mark.parametrize(
    ("words", "call", "asked"),
    [
        (["request", "RSI", "a", "b"], "request_kit", {"establishment": "RSI", "items": ["a", "b"]}),
        (["at", "RSI"], "list_kit_approvals", {"establishment": "RSI"}),
        (
            ["approve", "RSI", "a", "--until", "2027-04-27", "--as", "SEC-1"],
            "approve_kit",
            {"establishment": "RSI", "item": "a", "until": "2027-04-27", "approval": "SEC-1"},
        ),
    ],
)
def test_each_command_about_approvals_asks_for_its_operation(keytalk, gateway, words, call, asked):
    gateway.will_answer(f"scheduling.{call}", [])

    assert json.loads(keytalk("kit", *words, "--json").stdout) == []
    assert gateway.asked == [(f"scheduling.{call}", asked)]


def test_a_refusal_shows_the_runs_that_need_the_item_before_it_is_recorded(keytalk, gateway):
    gateway.will_answer("scheduling.refuse_kit", {"approvals": [], "needing": [KIT]})

    no = keytalk("kit", "refuse", "RSI", "acupuncture needles", typed="n\n")

    assert "KT-7F3K-92" in no.stdout
    assert "Leave it out" in no.stderr
    assert [body["dry_run"] for _, body in gateway.asked] == [True]
    keytalk("kit", "refuse", "RSI", "acupuncture needles", "--yes")
    assert gateway.asked[-1][1] == {"establishment": "RSI", "item": "acupuncture needles"}


def test_a_kit_list_is_changed_after_a_look_and_says_which_memo_is_out_of_date(keytalk, gateway):
    gateway.will_answer("scheduling.leave_out_kit", {**KIT, "out_of_date": [MEMO["memo"]]})

    result = keytalk("kit", "leave-out", RUN, "acupuncture needles", "--instead", "ear seeds", "--yes")

    assert f"keytalk memos make {RUN}" in result.stderr
    assert gateway.asked[-1][1] == {"run": RUN, "item": "acupuncture needles", "instead": "ear seeds"}


def test_kit_is_counted_out_and_in_and_a_difference_is_said_at_once(keytalk, gateway):
    gateway.will_answer("scheduling.count_kit_out", {"session": "s", "counted_out": {}})
    gone = {"item": "acupuncture needles", "counted_out": 120, "counted_in": 119, "missing": 1}
    gateway.will_answer("scheduling.count_kit_in", {"session": "s", "differences": [gone]})

    keytalk("kit", "out", "s", "acupuncture needles=120", "workbooks = 12")
    told = keytalk("kit", "in", "s", "acupuncture needles=119")

    assert gateway.asked[0][1] == {"session": "s", "counts": {"acupuncture needles": 120, "workbooks": 12}}
    assert "120 went in and 119 came back" in told.stdout


@pytest.mark.parametrize("count", ["needles", "needles=", "=5", "needles=-1", "needles=1.5", "needles=all"])
def test_a_count_that_is_none_is_not_asked_for(keytalk, gateway, count):
    assert keytalk("kit", "out", "s", count).exit_code == 2
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("words", "call", "asked"),
    [
        (["delivered", "s"], "record_delivered", {}),
        (["undo", "s"], "undo_outcome", {}),
        (["outcome", "s"], "get_delivery", {}),
        (
            ["part-delivered", "s", "--cause", "late_unlock", "--party", "prison", "--minutes", "90"],
            "record_part_delivered",
            {"cause": "late_unlock", "party": "prison", "minutes": 90},
        ),
        (
            [*("attendance", "s", "--expected", "3", "--attended", "2", "--late", "1"),
             *("--absent", "unwell=1", "--seat", "1=attended", "--seat", "2=absent")],
            "submit_attendance",
            {
                "expected": 3,
                "attended": 2,
                "late": 1,
                "left_early": 0,
                "absent": {"unwell": 1},
                "seats": {"1": "attended", "2": "absent"},
            },
        ),
    ],
)  # fmt: skip
def test_each_command_about_a_session_asks_for_its_operation(keytalk, gateway, words, call, asked):
    gateway.will_answer(f"scheduling.{call}", SESSION)

    result = keytalk("sessions", *words, "--json")

    assert json.loads(result.stdout) == SESSION
    assert gateway.asked == [(f"scheduling.{call}", {"session": "s", **asked})]


def test_after_a_session_the_next_thing_is_how_many_came(keytalk, gateway):
    gateway.will_answer("scheduling.record_delivered", SESSION)

    result = keytalk("sessions", "delivered", "s")

    assert "Session 1 on Tue 12 Jan 2027 is delivered." in result.stdout
    assert "keytalk sessions attendance" in result.stderr


@pytest.mark.parametrize("absent", ["unwell", "unwell=", "unwell=x", "=1"])
def test_an_absence_without_its_number_is_not_asked_for(keytalk, gateway, absent):
    result = keytalk("sessions", "attendance", "s", "--expected", "3", "--attended", "2", "--absent", absent)

    assert result.exit_code == 2
    assert gateway.asked == []


def test_feedback_is_five_counts_a_question(keytalk, gateway):
    gateway.will_answer("scheduling.record_feedback", REPORT)

    told = ("feedback", RUN, "--from", "host", "--answers", "10")
    keytalk("runs", *told, "--score", "felt_safe=0,0,1,4,5")
    wrong = [
        keytalk("runs", *told, "--score", score) for score in ("felt_safe", "felt_safe=1,2", "felt_safe=a,0,0,0,0")
    ]

    assert [result.exit_code for result in wrong] == [2, 2, 2]
    scores = {"felt_safe": {"1": 0, "2": 0, "3": 1, "4": 4, "5": 5}}
    assert [body for _, body in gateway.asked] == [{"run": RUN, "audience": "host", "answers": 10, "scores": scores}]


def test_a_report_for_others_says_in_words_where_a_count_is_hidden(keytalk, gateway):
    gateway.will_answer("scheduling.run_report", REPORT)

    result = keytalk("runs", "report", RUN, "--external")

    assert gateway.asked == [("scheduling.run_report", {"run": RUN, "external": True})]
    assert "Sessions planned: 16" in result.stdout
    assert "lockdown_or_incident" in result.stdout
    assert "Expected: fewer than 5" in result.stdout
    assert "None" not in result.stdout


def test_a_memo_that_is_only_tried_is_not_said_to_be_sent(keytalk, gateway):
    sent = {**MEMO, "state": "sent", "sent_at": "2026-11-26T00:02:00+00:00"}
    gateway.will_answer("scheduling.send_memo", sent)

    tried, done = keytalk("memos", "send", RUN, "--dry-run"), keytalk("memos", "send", RUN, "--yes")

    assert "State: would be sent" in tried.stdout.splitlines()
    assert "Sent:" not in tried.stdout
    assert "Sent: Thu 26 Nov 2026 00:02" in done.stdout.splitlines()
    assert "in office hours" in done.stderr
    assert "in office hours" not in tried.stderr


def test_a_list_of_memos_fits_a_terminal(keytalk, gateway, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(output, "on_a_terminal", lambda: True)
    place = "Featherstone (HMP)"
    gateway.will_answer("scheduling.list_memos", [{**MEMO, "state": "out_of_date", "establishment": place}])

    listed = keytalk("memos", "list").stdout

    assert max(len(line.rstrip()) for line in listed.splitlines()) <= 100
    assert all(said in listed for said in (MEMO["memo"], "Featherstone", "out_of_date"))


def test_what_can_be_done_about_refused_kit_can_be_copied_as_it_stands(keytalk, gateway):
    ways = ["Leave it out: keytalk kit leave-out RUN ITEM", "Bring x: keytalk kit leave-out RUN ITEM --instead OTHER"]
    kit = {**KIT, "items": [{**KIT["items"][0], "choices": ways}]}
    gateway.will_answer("scheduling.refuse_kit", {"approvals": [], "needing": [kit]})

    said = keytalk("kit", "refuse", "RSI", "acupuncture needles", "--dry-run").stderr.splitlines()

    assert f"     Leave it out: keytalk kit leave-out {RUN} 'acupuncture needles'" in said
    assert f"     Bring x: keytalk kit leave-out {RUN} 'acupuncture needles' --instead OTHER" in said


def test_after_counting_out_the_way_to_count_in_can_be_copied(keytalk, gateway):
    gateway.will_answer("scheduling.count_kit_out", {"session": "s", "counted_out": {}})

    said = keytalk("kit", "out", "s", "acupuncture needles=120", "workbooks=12").stdout.splitlines()

    assert said[-1] == "keytalk kit in s 'acupuncture needles=120' workbooks=12"


def test_the_help_of_delivered_says_from_when_on_and_until_when_it_is_taken_back(keytalk):
    said = " ".join(keytalk("sessions", "delivered", "--help").stdout.split())

    assert "once it has begun" in said
    assert "same day only" in said
