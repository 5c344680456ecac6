"""What operators record by the command line: replies, calls, tasks, and enquiries taken for someone."""

from __future__ import annotations

import pytest

from tests.unit.ops.telling_cast import done, telling

TURN = {"reference": "KT-7F3K-92", "entry_id": "e", "stage": "new", "waiting_on": "prison"}
TASK = {"id": "t-1", "title": "Ring them", "due_on": "2027-01-12", "owner": "sam", "reference": "KT-7F3K-92"}
ADD = ("enquiries", "add", "--programme", "many-faces-of-trauma", "--establishment", "RSI", "--name", "Sam Okoro")


def test_a_reply_is_read_from_an_option(keytalk, gateway):
    gateway.will_answer("enquiries.reply_to_enquiry", TURN)

    result = keytalk("enquiries", "reply", "KT-7F3K-92", "--words", "Thank you.", "--yes")

    asked = {"reference": "KT-7F3K-92", "words": "Thank you.", "sent": False}
    assert gateway.asked == [("enquiries.reply_to_enquiry", asked)]
    assert result.stdout == "Recorded; it goes out now. KT-7F3K-92 waits on prison.\n"


def test_a_reply_is_shown_with_whom_it_goes_to_before_it_goes(keytalk, gateway):
    contact = {"name": "Alex Morgan", "email": "alex@risley.example"}
    told = telling(("enquirer:KT-7F3K-92", "reply_written"))
    gateway.will_answer("enquiries.reply_to_enquiry", {"reference": "KT-7F3K-92", **told})
    gateway.will_answer("enquiries.get_enquiry", {"reference": "KT-7F3K-92", "contact": contact})

    shown = keytalk("enquiries", "reply", "KT-7F3K-92", "--words", "Thank you.", typed="n\n")
    refused = keytalk("enquiries", "reply", "KT-7F3K-92", "--words", "Thank you.")

    assert (shown.exit_code, refused.exit_code) == (1, 2)
    assert "Thank you.\n\nWill be told by mail:\n     Alex Morgan <alex@risley.example>: Reply written" in shown.stdout
    assert done(gateway, "enquiries.reply_to_enquiry") == []


def test_an_enquiry_with_an_address_is_read_back_before_its_sender_is_thanked(keytalk, gateway):
    gateway.will_answer("enquiries.add_enquiry", {"reference": "KT-7F3K-92", **telling()})

    shown = keytalk(*ADD, "--email", "sam@risley.example", typed="n\n")

    assert (shown.exit_code, done(gateway, "enquiries.add_enquiry")) == (1, [])
    assert "Their name: Sam Okoro" in shown.stdout
    assert "Will be told by mail: sam@risley.example, with thanks and the reference" in shown.stdout


def test_a_reply_is_read_from_a_file_with_its_lines_and_its_letters(keytalk, gateway, tmp_path):
    gateway.will_answer("enquiries.reply_to_enquiry", TURN)
    letter = tmp_path / "reply.txt"
    letter.write_text("Annwyl Siân,\n\nDiolch.\n", encoding="utf-8")

    keytalk("enquiries", "reply", "KT-7F3K-92", "--file", str(letter), "--sent")

    assert gateway.asked[0][1]["words"] == "Annwyl Siân,\n\nDiolch.\n"
    assert gateway.asked[0][1]["sent"] is True


def test_a_reply_is_read_from_stdin(keytalk, gateway):
    gateway.will_answer("enquiries.reply_to_enquiry", TURN)

    keytalk("enquiries", "reply", "KT-7F3K-92", "--yes", typed="Dear Alex,\nyes.\n")

    assert gateway.asked[0][1]["words"] == "Dear Alex,\nyes.\n"


def test_a_file_that_is_no_text_is_refused_before_anything_is_asked(keytalk, gateway, tmp_path):
    picture = tmp_path / "scan.png"
    picture.write_bytes(b"\x89PNG\xff\xfe")

    result = keytalk("enquiries", "reply", "KT-7F3K-92", "--file", str(picture))

    assert (result.exit_code, gateway.asked) == (1, [])
    assert "plain text in UTF-8" in result.stderr


def test_words_from_two_places_are_refused(keytalk, gateway, tmp_path):
    letter = tmp_path / "reply.txt"
    letter.write_text("Hello.")

    result = keytalk("enquiries", "reply", "KT-7F3K-92", "--words", "Hello.", "--file", str(letter))

    assert (result.exit_code, gateway.asked) == (1, [])


@pytest.mark.parametrize(
    ("words", "call", "asked"),
    [
        (("log-call", "--no-answer"), "log_call", {"words": "Said.", "answered": False, "waiting_on": None}),
        (
            ("log-call", "--waiting-on", "funder"),
            "log_call",
            {"words": "Said.", "answered": True, "waiting_on": "funder"},
        ),
        (("answered",), "log_answer", {"words": "Said."}),
        (("note",), "add_note", {"words": "Said."}),
    ],
)
def test_what_was_said_is_recorded_as_what_it_is(keytalk, gateway, words, call, asked):
    gateway.will_answer(f"enquiries.{call}", TURN)
    command, *options = words

    result = keytalk("enquiries", command, "KT-7F3K-92", "--words", "Said.", *options)

    assert result.exit_code == 0
    assert gateway.asked == [(f"enquiries.{call}", {"reference": "KT-7F3K-92", **asked})]


def test_an_enquiry_is_taken_from_options_and_its_reference_read_out(keytalk, gateway):
    gateway.will_answer("enquiries.add_enquiry", {"reference": "KT-7F3K-92", "received_at": "now"})

    result = keytalk(*ADD, "--phone", "01632 960 001", "--group-size", "10", "--start", "2027-01-12", "--paper")

    answers = {
        "programme": "many-faces-of-trauma",
        "establishment": "RSI",
        "contact_name": "Sam Okoro",
        "contact_phone": "01632 960 001",
        "group_size": 10,
        "preferred_start": "2027-01-12",
    }
    assert gateway.asked == [("enquiries.add_enquiry", {"answers": answers, "channel": "paper"})]
    assert "KT-7F3K-92" in result.stdout


def test_off_a_terminal_nothing_is_asked_and_the_refusal_names_what_is_missing(keytalk, gateway):
    gateway.will_refuse("enquiries.add_enquiry", 422, "Some answers.", errors={"contact_name": ["Say who is asking."]})

    result = keytalk("enquiries", "add", "--programme", "many-faces-of-trauma")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "contact_name: Say who is asking." in result.stderr


def test_on_a_terminal_each_question_is_asked_and_what_is_refused_is_asked_again(keytalk, gateway):
    gateway.will_refuse("enquiries.add_enquiry", 422, "Some answers.", errors={"contact_phone": ["Ask for a number."]})
    gateway.will_answer("enquiries.add_enquiry", {"reference": "KT-7F3K-92", "received_at": "now"})
    typed = ["many-faces-of-trauma", "RSI", "Sam Okoro", "", "", "", "", "12", "", "", "Rang.", "01632 960 001"]

    result = keytalk("enquiries", "add", typed="\n".join(typed) + "\n")

    assert result.exit_code == 0
    first, second = (asked["answers"] for _call, asked in gateway.asked)
    assert first == {
        "programme": "many-faces-of-trauma",
        "establishment": "RSI",
        "contact_name": "Sam Okoro",
        "group_size": 12,
        "message": "Rang.",
    }
    assert second == first | {"contact_phone": "01632 960 001"}
    assert "contact_phone: Ask for a number." in result.stderr
    assert "KT-7F3K-92" in result.stdout


def test_the_checklist_is_shown_without_an_answer_and_changed_with_one(keytalk, gateway):
    room = {"item": "room", "stage": "availability", "question": "Is there a room?", "answer": "yes", "note": None}
    gateway.will_answer("enquiries.get_enquiry", {"checklist": [room]})
    gateway.will_answer("enquiries.answer_question", {"reference": "KT-7F3K-92", "checklist": [room]})

    shown = keytalk("enquiries", "check", "KT-7F3K-92")
    keytalk("enquiries", "check", "KT-7F3K-92", "room", "yes", "--note", "Quiet.")
    half = keytalk("enquiries", "check", "KT-7F3K-92", "room")

    assert "Is there a room?" in shown.stdout
    asked = {"reference": "KT-7F3K-92", "item": "room", "answer": "yes", "note": "Quiet."}
    assert gateway.asked[1] == ("enquiries.answer_question", asked)
    assert (half.exit_code, len(gateway.asked)) == (1, 2)


def test_whose_an_enquiry_is_and_whose_turn_can_be_said(keytalk, gateway):
    gateway.will_answer("enquiries.assign_enquiry", {"reference": "KT-7F3K-92", "owner": None})
    gateway.will_answer("enquiries.wait_on", {"reference": "KT-7F3K-92", "waiting_on": "funder"})

    nobodys = keytalk("enquiries", "assign", "KT-7F3K-92")
    funders = keytalk("enquiries", "waiting", "KT-7F3K-92", "funder", "--reason", "They decide in May.")

    assert nobodys.stdout == "KT-7F3K-92 is nobody's now.\n"
    assert funders.stdout == "KT-7F3K-92 waits on funder.\n"
    assert gateway.asked[1][1] == {"reference": "KT-7F3K-92", "waiting_on": "funder", "reason": "They decide in May."}


def test_what_was_open_when_it_moved_is_told_beside_the_answer(keytalk, gateway):
    gateway.will_answer(
        "enquiries.move_enquiry",
        {"reference": "KT-7F3K-92", "stage": "suitability", "left_open": ["Not answered yet: A room?"]},
    )

    result = keytalk("enquiries", "move", "KT-7F3K-92", "suitability")

    assert result.stderr == "Open when it was moved. Not answered yet: A room?\n"


def test_tasks_are_listed_by_whose_they_are_and_when_they_are_due(keytalk, gateway):
    gateway.will_answer("enquiries.list_tasks", [TASK])

    result = keytalk("tasks", "list", "--mine", "--due", "2027-01-12", "--enquiry", "KT-7F3K-92")

    assert gateway.asked[0][1] == {
        "limit": 50,
        "owner": None,
        "mine": True,
        "due_by": "2027-01-12",
        "overdue": False,
        "reference": "KT-7F3K-92",
        "done": False,
    }
    assert "Ring them" in result.stdout


@pytest.mark.parametrize(
    ("words", "call", "asked", "said"),
    [
        (
            ("add", "Ring them", "--due", "2027-01-12", "--enquiry", "KT-7F3K-92"),
            "add_task",
            {"title": "Ring them", "due_on": "2027-01-12", "reference": "KT-7F3K-92", "owner": None},
            "Added",
        ),
        (("assign", "t-1", "sam"), "assign_task", {"task_id": "t-1", "owner": "sam"}, "Assigned"),
        (("done", "t-1", "--outcome", "Rang."), "finish_task", {"task_id": "t-1", "outcome": "Rang."}, "Done"),
        (("reopen", "t-1"), "reopen_task", {"task_id": "t-1", "reason": None}, "Open again"),
    ],
)
def test_a_task_is_worked_with_word_by_word(keytalk, gateway, words, call, asked, said):
    gateway.will_answer(f"enquiries.{call}", TASK)

    result = keytalk("tasks", *words)

    assert gateway.asked == [(f"enquiries.{call}", asked)]
    assert result.stdout == f"{said}: Ring them (due Tue 12 Jan 2027, sam's). Its id is t-1.\n"
