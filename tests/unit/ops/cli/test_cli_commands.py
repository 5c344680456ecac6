"""What each command asks of the gateway, and what it prints."""

import json
import sys

import pytest

from ops.cli import output
from ops.cli.output import Column, show
from tests.unit.ops.telling_cast import done, telling

ENQUIRY = {
    "reference": "KT-7F3K-92",
    "stage": "availability",
    "waiting_on": "us",
    "programme": "many-faces-of-trauma",
    "establishment": "Risley",
    "establishment_id": "RSI",
    "contact": {"name": "Ffion Môn", "role": None, "email": "f@example.org", "phone": None, "organisation": None},
    "group_size": 12,
    "message": "Tuesdays [please]",
    "received_at": "2026-11-24T09:00:00+00:00",
    "timeline": [
        {"at": "2026-11-24T10:00:00+00:00", "actor": "ops", "from": "new", "to": "availability", "reason": None}
    ],
    "next_stages": ["suitability", "declined"],
}
LISTED = {key: ENQUIRY[key] for key in ("reference", "stage", "establishment", "programme", "received_at")}


def session(number, date, *whys):
    breaches = [{"rule": "two_facilitators", "name": "Two facilitators", "why": why} for why in whys]
    return {"number": number, "date": date, "start": "09:00", "end": "12:00", "breaches": breaches}


RUN = {
    "run": "3f0c9a4e-5d58-4f4e-8f57-0d5a4f5f8c11",
    "enquiry": "KT-7F3K-92",
    "establishment": "Risley",
    "programme": "many-faces-of-trauma",
    "state": "draft",
    "facilitators": [{"id": "f1", "name": "Asha Rowe"}],
    "sessions": [
        session(1, "2027-01-05"),
        session(2, "2027-01-12", "Only one facilitator is named; two are needed."),
    ],
    "skipped": [{"date": "2027-01-19", "why": "Risley has asked for no visits that day."}],
}


def test_a_list_is_a_table_for_people(keytalk, gateway):
    gateway.will_answer("enquiries.list_enquiries", [LISTED])

    result = keytalk("enquiries", "list", "--limit", "7", "--stage", "availability")

    assert result.exit_code == 0
    assert "KT-7F3K-92" in result.stdout
    assert "Risley" in result.stdout
    assert gateway.asked == [("enquiries.list_enquiries", {"limit": 7, "stage": "availability"})]
    assert gateway.tokens == ["Bearer a-token"]


def test_json_is_the_result_and_nothing_else(keytalk, gateway):
    gateway.will_answer("enquiries.list_enquiries", [LISTED])

    result = keytalk("enquiries", "list", "--limit", "1", "--json")

    assert json.loads(result.stdout) == [LISTED]
    assert result.stderr == ""


def test_what_has_happened_is_told_in_sentences(keytalk, gateway):
    entry = {"at": "2026-11-24T10:00:00+00:00", "actor": "playbook", "kind": "task_added", "to": "reply", "about": "t1"}
    task = {"id": "t1", "title": "Write the first reply", "due_on": "2026-11-26"}
    gateway.will_answer("enquiries.get_enquiry", {**ENQUIRY, "timeline": [entry], "tasks": [task]})

    shown = keytalk("enquiries", "show", "KT-7F3K-92").stdout

    assert "Keytalk added something to do: Write the first reply" in shown
    assert "task_added" not in shown


def test_an_empty_list_is_a_sentence_for_people_and_an_empty_list_in_json(keytalk, gateway):
    gateway.will_answer("enquiries.list_enquiries", [])

    assert keytalk("enquiries", "list").stdout == "No enquiries to show.\n"
    assert json.loads(keytalk("enquiries", "list", "--json").stdout) == []


def test_a_list_as_long_as_the_limit_says_that_there_may_be_more(keytalk, gateway):
    gateway.will_answer("enquiries.list_enquiries", [LISTED])

    assert "--limit" in keytalk("enquiries", "list", "--limit", "1").stderr
    assert keytalk("enquiries", "list", "--limit", "2").stderr == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_long_id_is_never_cut_in_a_table(capsys, monkeypatch, terminal):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    message_id = "<" + "7" * 90 + "@keytalk.example>"
    columns = (Column("subject", "Subject"), Column("message_id", "Message-ID", copyable=True))

    show([{"subject": "Two words", "message_id": message_id}], columns, as_json=False)

    printed = capsys.readouterr().out
    assert message_id in printed
    assert ("Two words" in printed) is not terminal  # a terminal folds what may be folded, a pipe nothing


def test_what_people_wrote_cannot_steer_the_terminal(keytalk, gateway):
    gateway.will_answer("enquiries.get_enquiry", {**ENQUIRY, "message": "[bold]hi\x1b[2J\u202e\nthere"})
    gateway.will_answer("enquiries.list_enquiries", [{**LISTED, "establishment": "[red]Ris\x1b[31mley\x9b"}])

    shown, listed = keytalk("enquiries", "show", "KT-7F3K-92"), keytalk("enquiries", "list")

    assert "[bold]hi\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}\nthere" in shown.stdout
    assert "[red]Ris\N{REPLACEMENT CHARACTER}[31mley\N{REPLACEMENT CHARACTER}" in listed.stdout


def test_an_enquiry_is_shown_with_its_contact_its_story_and_where_it_can_go(keytalk, gateway):
    gateway.will_answer("enquiries.get_enquiry", ENQUIRY)

    shown = keytalk("enquiries", "show", "KT-7F3K-92").stdout

    assert "Contact: Ffion Môn" in shown
    assert "Tuesdays [please]" in shown
    assert "Tue 24 Nov 2026 10:00" in shown
    assert "From here it can go to: suitability, declined." in shown
    assert json.loads(keytalk("enquiries", "show", "KT-7F3K-92", "--json").stdout) == ENQUIRY


def test_a_move_carries_its_reason(keytalk, gateway):
    gateway.will_answer("enquiries.move_enquiry", {**ENQUIRY, "stage": "declined", "next_stages": []})

    result = keytalk("enquiries", "move", "KT-7F3K-92", "declined", "--reason", "No room this year")

    assert result.stdout == "KT-7F3K-92 is at declined now.\n"
    assert gateway.asked[0][1] == {
        "reference": "KT-7F3K-92",
        "to": "declined",
        "reason": "No room this year",
    }


def test_a_plan_asks_with_every_option_given(keytalk, gateway):
    gateway.will_answer("scheduling.plan_run", RUN)
    gateway.will_answer("scheduling.list_runs", [])
    line = "runs plan --enquiry KT-7F3K-92 --start 2027-01-04 --weekday TUE --window am --establishment RSI"

    result = keytalk(*line.split(), "--facilitator", "f1", "--facilitator", "f2", "--json")

    assert json.loads(result.stdout) == RUN
    assert gateway.asked == [
        ("scheduling.list_runs", {"enquiry": "KT-7F3K-92", "limit": 1}),
        (
            "scheduling.plan_run",
            {
                "enquiry": "KT-7F3K-92",
                "start": "2027-01-04",
                "weekday": "tue",
                "window": "am",
                "facilitators": ["f1", "f2"],
                "establishment": "RSI",
            },
        ),
    ]


HELD = {
    "hold": "h1",
    "state": "active",
    "rank": 1,
    "expires_on": "2026-12-30",
    "establishment": {"name": "Featherstone (HMP)"},
    "waiting_behind": [{"establishment": {"name": "Oakwood (HMP)"}, "expires_on": None}],
}
PLAN = ("runs", "plan", "--enquiry", "KT-7F3K-92", "--start", "2027-01-04")


def holds_its_time(gateway):
    gateway.will_answer("scheduling.list_runs", [{"run": "r1"}])
    gateway.will_answer("scheduling.get_run", {"run": "r1", "hold": {"hold": "h1"}})
    gateway.will_answer("scheduling.get_hold", HELD)
    gateway.will_answer("scheduling.plan_run", {**RUN, **telling()})


@pytest.mark.parametrize(("words", "typed", "code"), [((), None, 2), ((), "n\n", 1), (("--dry-run",), None, 0)])
def test_planning_anew_ends_no_hold_before_that_is_seen(keytalk, gateway, words, typed, code):
    holds_its_time(gateway)

    result = keytalk(*PLAN, *words, typed=typed)

    assert result.exit_code == code
    assert done(gateway, "scheduling.plan_run") == []
    if code != 2:
        assert "Featherstone (HMP) holds this time until the end of Wed 30 Dec 2026. Letting go" in result.stdout
        assert "Oakwood (HMP) may move up, and is told." in result.stdout
        assert "Nobody is told by mail." in result.stdout


@pytest.mark.parametrize(("words", "typed"), [((), "y\n"), (("--yes",), None)])
def test_with_a_yes_the_run_is_planned_anew(keytalk, gateway, words, typed):
    holds_its_time(gateway)

    assert keytalk(*PLAN, *words, typed=typed).exit_code == 0
    assert len(done(gateway, "scheduling.plan_run")) == 1


def test_a_plan_prints_breaches_beneath_their_session_then_skipped_dates_then_what_to_do(keytalk, gateway):
    gateway.will_answer("scheduling.plan_run", RUN)
    gateway.will_answer("scheduling.list_runs", [])

    printed = keytalk("runs", "plan", "--enquiry", "KT-7F3K-92", "--start", "2027-01-04").stdout.splitlines()

    sessions = printed.index("  1  Tue  5 Jan 2027, 09:00 to 12:00")
    assert printed[sessions + 1 : sessions + 3] == [
        "  2  Tue 12 Jan 2027, 09:00 to 12:00",
        "       - Only one facilitator is named; two are needed.",
    ]
    assert "     Tue 19 Jan 2027: Risley has asked for no visits that day." in printed
    assert "1 of 2 sessions still need something" in printed[-1]
    assert printed[-1].endswith(f"keytalk runs confirm {RUN['run']}")


def test_a_plan_with_only_the_promised_keys_still_prints(keytalk, gateway):
    local = {"number": 1, "date": "2027-01-05", "start": "2027-01-05T09:00:00", "end": "2027-01-05T12:00:00"}
    gateway.will_answer("scheduling.get_run", {"run": "r1", "sessions": [{**local, "breaches": []}], "skipped": []})

    shown = keytalk("runs", "show", "r1").stdout

    assert "  1  Tue  5 Jan 2027, 09:00 to 12:00" in shown
    assert "Every session fits. To confirm the run and let everyone know: keytalk runs confirm r1" in shown


def test_a_confirmed_run_is_not_offered_for_confirming(keytalk, gateway):
    gateway.will_answer("scheduling.confirm_run", {**RUN, "state": "confirmed"})

    result = keytalk("runs", "confirm", RUN["run"], "--yes")

    assert gateway.asked == [("scheduling.confirm_run", {"run": RUN["run"]})]
    assert "This run is confirmed." in result.stdout
    assert "keytalk runs confirm" not in result.stdout


@pytest.mark.parametrize(
    "line",
    [
        "runs plan --enquiry KT-7F3K-92 --start 5jan",
        "clearances grant --facilitator f --establishment e --from 2027-02-30 --until 2027-03-01",
        "jobs run-due --as-of tomorrow",
    ],
)
def test_a_date_that_is_none_is_bad_usage_with_an_example(keytalk, gateway, line):
    result = keytalk(*line.split())

    assert result.exit_code == 2
    assert "Write it like 2027-" in result.stderr
    assert gateway.asked == []


def test_a_weekday_that_is_none_is_bad_usage(keytalk, gateway):
    result = keytalk("runs", "plan", "--enquiry", "K", "--start", "2027-01-04", "--weekday", "someday")

    assert result.exit_code == 2
    assert gateway.asked == []


def test_an_added_facilitator_comes_with_the_next_step(keytalk, gateway):
    gateway.will_answer("scheduling.add_facilitator", {"id": "f1", "name": "Asha", "email": "a@example.org"})

    result = keytalk("facilitators", "add", "--name", "Asha", "--email", "a@example.org")

    assert gateway.asked == [("scheduling.add_facilitator", {"name": "Asha", "email": "a@example.org"})]
    assert "keytalk clearances grant --facilitator f1" in result.stdout


def test_facilitators_are_listed_with_their_clearances(keytalk, gateway):
    clearance = {
        "establishment": "RSI",
        "level": "standard",
        "valid_from": "2026-01-01",
        "valid_until": "2027-12-31",
    }
    people = [{"id": "f1", "name": "Asha", "email": "a@example.org", "clearances": [clearance]}]
    gateway.will_answer("scheduling.list_facilitators", people)

    assert "RSI (standard, 2026-01-01 to 2027-12-31)" in keytalk("facilitators", "list").stdout
    assert json.loads(keytalk("facilitators", "list", "--json").stdout) == people


def test_a_clearance_is_granted_from_and_until_its_dates(keytalk, gateway):
    gateway.will_answer("scheduling.grant_clearance", {"establishment": "RSI", "valid_until": "2027-12-31"})
    line = "clearances grant --facilitator f1 --establishment RSI --from 2026-01-01 --until 2027-12-31"

    result = keytalk(*line.split())

    assert gateway.asked[0][1] == {
        "facilitator": "f1",
        "establishment": "RSI",
        "valid_from": "2026-01-01",
        "valid_until": "2027-12-31",
        "level": "standard",
    }
    assert "Until: Fri 31 Dec 2027" in result.stdout


def test_messages_are_listed_by_state_and_occasion(keytalk, gateway):
    message = {"id": "m1", "recipient": "ops", "occasion": "reminder", "state": "due", "subject": "run:1"}
    gateway.will_answer("notifications.list_messages", [message])

    result = keytalk("messages", "list", "--state", "due", "--occasion", "reminder")

    assert gateway.asked[0][1] == {"limit": 200, "state": "due", "occasion": "reminder"}
    assert "run 1" in result.stdout


def test_a_mail_is_shown_with_its_words_and_attachments(keytalk, gateway):
    calendar = {"filename": "run.ics", "content_type": "text/calendar", "text": "BEGIN:VEVENT\r\n" * 16}
    gateway.will_answer(
        "notifications.get_mail",
        {"headers": {"To": "a@example.org"}, "text": "Hello\r\nAsha\r\n", "attachments": [calendar]},
    )

    shown = keytalk("mail", "show", "<1@keytalk.example>").stdout

    assert gateway.asked[0][1] == {"message_id": "<1@keytalk.example>"}
    assert "To: a@example.org\n\nHello\nAsha\n" in shown
    assert shown.endswith("Attached: run.ics (16 sessions, text/calendar)\n")


def test_what_is_attached_to_a_mail_is_saved_into_a_folder_by_its_own_name(keytalk, gateway, tmp_path):
    memo = {"filename": "../memo.pdf", "content_type": "application/pdf", "text": "", "content": "JVBERi0="}
    gateway.will_answer("notifications.get_mail", {"headers": {}, "text": "Hello", "attachments": [memo]})

    shown = keytalk("mail", "show", "<1@keytalk.example>", "--save", str(tmp_path / "of" / "it"))

    assert (tmp_path / "of" / "it" / "memo.pdf").read_bytes() == b"%PDF-"
    assert f"Saved: {tmp_path / 'of' / 'it' / 'memo.pdf'}" in shown.stderr


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2027-01-04T15:00", "2027-01-04T15:00:00"),
        ("2027-01-04T15:00Z", "2027-01-04T15:00:00+00:00"),
        ("2027-07-04T15:00+01:00", "2027-07-04T15:00:00+01:00"),
    ],
)
def test_due_jobs_run_as_of_a_time_local_or_with_its_offset(keytalk, gateway, given, sent):
    gateway.will_answer("enquiries.run_due_jobs", {"as_of": sent, "said": {"first_nudge": 1}})
    gateway.will_answer("scheduling.run_due_jobs", {"as_of": sent, "ran": {}})
    gateway.will_answer("notifications.run_due_jobs", {"as_of": sent, "sent": 2, "missed": 0, "waiting": 14})

    result = keytalk("jobs", "run-due", "--as-of", given)

    # The clocks first: what they say is told by messages.
    asked = [(f"{service}.run_due_jobs", {"as_of": sent}) for service in ("enquiries", "scheduling", "notifications")]
    assert gateway.asked == asked
    assert result.stdout.startswith("As if it were ")
    assert result.stdout.splitlines()[1:] == [
        "Messages: 2 sent, 0 missed, 14 waiting",
        "Clocks of enquiries: 1 first nudge",
        "Jobs of the calendar: nothing was due",
    ]


MAIL = {
    "to": "alexandra.morgan-jones@featherstone.example",
    "subject": "Your enquiry KT-7F3K-92: 16 sessions at Featherstone from 12 January 2027",
    "date": "2026-07-26T00:02:00+00:00",
    "message_id": f"<{'3fa9' * 10}@keytalk.example>",
    "path": f"/home/somebody/keytalk/var/mail/new/{'7' * 40}",
}


def on_a_terminal(monkeypatch):
    """Have tables printed as at a terminal of 100 characters."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(output, "on_a_terminal", lambda: True)


def test_a_list_of_mails_fits_a_terminal_and_has_local_times(keytalk, gateway, monkeypatch):
    on_a_terminal(monkeypatch)
    gateway.will_answer("notifications.list_mail", [MAIL])

    listed = keytalk("mail", "list").stdout

    # In July, London is an hour ahead.
    assert "Sun 26 Jul 2026 01:02" in listed
    assert "3fa93fa93fa9 " in listed
    assert max(len(line.rstrip()) for line in listed.splitlines()) <= 100
    assert json.loads(keytalk("mail", "list", "--json").stdout) == [MAIL]


def test_a_mail_is_opened_by_its_short_name(keytalk, gateway):
    gateway.will_answer("notifications.list_mail", [MAIL])
    gateway.will_answer("notifications.get_mail", {"headers": {}, "text": "Hello"})

    assert "Hello" in keytalk("mail", "show", "3fa93fa93fa9").stdout
    assert gateway.asked[-1] == ("notifications.get_mail", {"message_id": MAIL["message_id"]})


@pytest.mark.parametrize("name", ["3fa9", "ffff"])
def test_a_short_name_of_no_mail_or_of_two_opens_none(keytalk, gateway, name):
    other = {**MAIL, "message_id": f"<{'3fa9' * 9}0000@keytalk.example>"}
    gateway.will_answer("notifications.list_mail", [MAIL, other])

    refused = keytalk("mail", "show", name)

    assert refused.exit_code == 1
    assert "keytalk mail list" in refused.stderr


def test_a_list_of_messages_fits_a_terminal_and_has_local_times(keytalk, gateway, monkeypatch):
    on_a_terminal(monkeypatch)
    run = "0192f0c8-0000-7000-8000-000000000000"
    message = {
        "id": run,
        "recipient": f"facilitator:{run}",
        "occasion": f"session_reminder:{run}:5",
        "follows_from": "session reminder: 5 days before session 1, Tue 12 Jan 2027",
        "subject": f"run:{run}",
        "state": "scheduled",
        "why": None,
        "due_at": "2026-11-26T00:02:00+00:00",
        "accepted_at": None,
        "message_id": MAIL["message_id"],
    }
    gateway.will_answer("notifications.list_messages", [message])
    gateway.will_answer("scheduling.list_facilitators", [{"id": run, "name": "Ana Reyes"}])

    listed = keytalk("messages", "list").stdout

    assert "Thu 26 Nov 2026 00:02" in listed
    assert max(len(line.rstrip()) for line in listed.splitlines()) <= 100
    assert json.loads(keytalk("messages", "list", "--json").stdout) == [message]
