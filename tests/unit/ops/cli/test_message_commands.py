"""`keytalk messages`: shown, sent again and settled, each after a look at what would happen."""

from __future__ import annotations

import json

import pytest

ID = "0192f0c8-0000-7000-8000-000000000010"
MESSAGE = {
    "id": ID,
    "recipient": "enquirer:KT-7F3K-92",
    "occasion": "hold:1",
    "follows_from": "hold, version 1",
    "template": "hold_placed_contact",
    "subject": "run:run-1",
    "state": "unknown",
    "why": "Sending was broken off.",
    "due_at": "2026-12-07T12:00:00+00:00",
    "accepted_at": None,
    "message_id": "<1@mail.example.org>",
    "urgency": "ordinary",
    "person": None,
    "attempts": 1,
    "next_attempt_at": None,
    "claimed_at": "2026-12-07T12:00:01+00:00",
    "answered_at": None,
    "useful_until": None,
    "template_version": None,
    "resends": [],
    "digest": None,
    "tells": [],
    "may_be_sent_again": True,
    "may_be_settled": True,
}


def test_a_list_passes_on_the_filters_that_are_given(keytalk, gateway):
    gateway.will_answer("notifications.list_messages", [])
    line = "messages list --state due --template reply_written --subject run:1 --recipient ops"

    assert "No messages to show." in keytalk(*line.split()).stdout

    assert gateway.asked[0][1] == {
        "limit": 200,
        "state": "due",
        "occasion": None,
        "template": "reply_written",
        "subject": "run:1",
        "recipient": "ops",
    }


def test_a_facilitators_name_and_days_narrow_the_list(keytalk, gateway):
    gateway.will_answer("scheduling.list_facilitators", [{"id": "f1", "name": "Ana Reyes"}])
    gateway.will_answer("notifications.list_messages", [])

    keytalk("messages", "list", "--recipient", "ana", "--from", "2027-01-12", "--days", "7")

    asked = gateway.asked[-1][1]
    assert (asked["recipient"], asked["since"], asked["days"]) == ("facilitator:f1", "2027-01-12", 7)


def test_a_list_says_who_and_what_in_words_and_the_ids_where_they_are_asked_for(keytalk, gateway):
    reminder = {**MESSAGE, "recipient": "facilitator:f1", "follows_from": "session reminder: 5 days before session 1"}
    gateway.will_answer("notifications.list_messages", [MESSAGE, reminder])
    gateway.will_answer("scheduling.list_facilitators", [{"id": "f1", "name": "Ana Reyes"}])

    listed, with_ids = keytalk("messages", "list").stdout, keytalk("messages", "list", "--ids").stdout

    for said in ("the contact of KT-7F3K-92", "hold, version 1", "run run-1", "Ana Reyes", "5 days before session 1"):
        assert said in listed
    assert (ID in listed, with_ids.count(ID)) == (False, 2)


def test_what_was_tried_in_vain_says_why_and_when_it_is_tried_again(keytalk, gateway):
    why, again = "the mail server is away", "2026-12-07T12:05:00+00:00"
    waits = {**MESSAGE, "state": "due", "why": why, "next_attempt_at": again}
    gateway.will_answer("notifications.list_messages", [waits])

    assert f"{why}; tried again Mon 7 Dec 2026 12:05" in " ".join(keytalk("messages", "list").stdout.split())


def test_a_message_is_shown_with_what_can_be_done_about_it(keytalk, gateway):
    again = {**MESSAGE, "id": "second", "state": "accepted"}
    gateway.will_answer("notifications.get_message", {**MESSAGE, "resends": [MESSAGE, again]}, MESSAGE)

    shown = keytalk("messages", "show", ID)

    assert "To: the contact of KT-7F3K-92" in shown.stdout
    assert "State: unknown" in shown.stdout
    assert "Last attempt: Mon  7 Dec 2026 12:00" in shown.stdout
    assert "Sent again:" in shown.stdout
    assert "second" in shown.stdout
    assert f"keytalk messages resend {ID} --reason WORDS" in shown.stderr
    assert f"keytalk messages settle {ID} accepted|failed --reason WORDS" in shown.stderr
    assert json.loads(keytalk("messages", "show", ID, "--json").stdout) == MESSAGE


def test_what_an_operator_said_is_not_said_to_be_the_mail_servers_word_nor_a_letter(keytalk, gateway):
    rung = {**MESSAGE, "id": "rung", "template": "told_by_hand", "accepted_at": "2026-12-08T09:00:00+00:00"}
    rung |= {"why": "Told by phone, priya says."}
    settled = {**MESSAGE, "state": "accepted", "accepted_at": "2026-12-08T10:00:00+00:00"}
    gateway.will_answer("notifications.get_message", {**settled, "resends": [settled, rung]})

    shown = keytalk("messages", "show", ID).stdout

    assert "Noted by an operator: Tue  8 Dec 2026 10:00" in shown
    assert "Taken by the mail server" not in shown
    assert "In place of it: Told by phone, priya says. (Tue  8 Dec 2026 09:00)" in shown
    assert "Sent again:" not in shown


def test_a_digest_and_its_parts_name_each_other(keytalk, gateway):
    part, whole = {"digest": {**MESSAGE, "id": "the digest"}}, {"tells": [{**MESSAGE, "id": "a part"}]}
    gateway.will_answer("notifications.get_message", MESSAGE | part, MESSAGE | whole)

    assert "Told in the digest:" in keytalk("messages", "show", ID).stdout
    assert "In this digest:" in keytalk("messages", "show", ID).stdout


def test_of_a_lost_digest_it_says_how_to_note_that_all_of_it_was_told(keytalk, gateway):
    lost = {**MESSAGE, "template": "digest", "recipient": "contact:c-1", "tells": [{**MESSAGE, "id": "a part"}]}
    gateway.will_answer("notifications.get_message", lost, {**lost, "state": "accepted"})

    assert "keytalk messages told contact:c-1 --by phone" in keytalk("messages", "show", ID).stderr
    assert "messages told" not in keytalk("messages", "show", ID).stderr


def test_of_what_did_not_arrive_it_says_that_the_task_is_open_and_how_to_close_it(keytalk, gateway):
    gateway.will_answer(
        "notifications.settle_message", {**MESSAGE, "state": "failed"}, {**MESSAGE, "state": "accepted"}
    )
    line = ("messages", "settle", ID)

    assert "keytalk tasks done TASK" in keytalk(*line, "failed", "--reason", "They rang.", "--yes").stderr
    assert "task" not in keytalk(*line, "accepted", "--reason", "They rang.", "--yes").stderr


RESEND = ("messages", "resend", ID, "--reason", "They rang.")
SETTLE = ("messages", "settle", ID, "failed", "--reason", "They rang.")
ASKED = {"message": ID, "reason": "They rang."}


@pytest.mark.parametrize(
    ("line", "method", "asked", "said"),
    [
        (RESEND, "resend_message", ASKED, "To the contact of KT-7F3K-92: hold, version 1, about run run-1."),
        (
            SETTLE,
            "settle_message",
            {**ASKED, "state": "failed"},
            "The message to the contact of KT-7F3K-92 (hold, version 1)",
        ),
    ],
)
class TestWhatCannotBeUndone:
    @pytest.fixture
    def answered(self, gateway, method):
        found = {**MESSAGE, "goes_at": "2026-12-08T08:00:00+00:00"}
        gateway.will_answer(f"notifications.{method}", found)
        return gateway

    def test_is_shown_first_and_done_once_it_is_agreed_to(self, keytalk, answered, line, method, asked, said):
        done = keytalk(*line, typed="y\n")

        assert done.exit_code == 0
        assert said in done.stdout
        assert [call[1] for call in answered.asked] == [{**asked, "dry_run": True}, asked]

    def test_is_left_alone_where_it_is_not(self, keytalk, answered, line, method, asked, said):
        assert keytalk(*line, typed="n\n").exit_code == 1
        assert [call[1] for call in answered.asked] == [{**asked, "dry_run": True}]

    def test_is_only_shown_in_a_dry_run(self, keytalk, answered, line, method, asked, said):
        shown = keytalk(*line, "--dry-run")
        assert said in shown.stdout
        assert "A dry run" in shown.stderr
        assert [call[1] for call in answered.asked] == [{**asked, "dry_run": True}]

    def test_is_done_at_once_for_programs(self, keytalk, answered, line, method, asked, said):
        assert json.loads(keytalk(*line, "--json", "--yes").stdout)["id"] == ID
        assert [call[1] for call in answered.asked] == [asked]

    def test_is_refused_where_nobody_is_there_to_ask(self, keytalk, answered, line, method, asked, said):
        refused = keytalk(*line, "--json")
        assert (refused.exit_code, refused.stdout, answered.asked) == (2, "", [])
        assert "Give --yes" in refused.stderr

    def test_needs_a_reason(self, keytalk, answered, line, method, asked, said):
        assert keytalk(*line[:-2]).exit_code == 2
        assert answered.asked == []
