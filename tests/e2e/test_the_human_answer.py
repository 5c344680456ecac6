"""From a post to a person's answer, and from the other side's silence to a lapse, in both modes.

The days are worked out from the day on which the test runs: the calendar itself is tested in the rules.
"""

from __future__ import annotations

from datetime import date, datetime

import pytest

from shared.clock import LONDON
from shared.holidays import bank_holidays_of
from shared.working_days import add_working_days
from tests.examples import risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

ENGLAND = bank_holidays_of("england-and-wales")


def show(keytalk: Keytalk, reference: str) -> dict:
    return keytalk.cli("enquiries", "show", reference)


def filed(keytalk: Keytalk, reference: str) -> dict:
    return eventually(lambda: (seen := show(keytalk, reference))["first_reply_due_at"] and seen)


def post(keytalk: Keytalk, **changes: object) -> str:
    answer = keytalk.post(risley_enquiry(**changes))
    assert answer.status_code == 201, answer.text
    reference: str = answer.json()["reference"]
    filed(keytalk, reference)
    return reference


def play(keytalk: Keytalk, day: date, hour: str = "09:00") -> None:
    keytalk.cli("jobs", "run-due", "--as-of", f"{day.isoformat()}T{hour}")


def day_of(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(LONDON).date()


def reminded(keytalk: Keytalk, reference: str) -> list[str]:
    return [step["to"] for step in show(keytalk, reference)["timeline"] if step["kind"] == "reminded"]


def messages(keytalk: Keytalk, start: str) -> list[dict]:
    rows = keytalk.cli("messages", "list", "--limit", "1000")
    return [row for row in rows if row["occasion"].startswith(start)]


def test_an_enquiry_is_due_answered_waited_for_nudged_and_lapses_each_said_once(keytalk):
    reference = post(keytalk)
    due_on = day_of(filed(keytalk, reference)["first_reply_due_at"])

    # Nobody answers: the ops team hears of it on the morning it is due, once.
    play(keytalk, due_on, "08:59")
    assert reminded(keytalk, reference) == []
    play(keytalk, due_on)
    play(keytalk, due_on, "12:00")
    assert reminded(keytalk, reference) == ["due"]
    told = eventually(lambda: messages(keytalk, f"first_reply:due:{reference}"))
    assert [row["recipient"] for row in told] == ["ops"]

    # A person answers: the clock stops, the words go out to the enquirer, and we wait.
    answer = keytalk.cli("enquiries", "reply", reference, "--words", "Thank you. Which Tuesdays suit you?")
    assert (answer["reference"], answer["waiting_on"]) == (reference, "prison")
    entry = answer["entry_id"]
    sent = eventually(lambda: [row for row in messages(keytalk, f"reply:{entry}") if row["state"] == "accepted"])
    assert [row["recipient"] for row in sent] == [f"enquirer:{reference}"]
    seen = show(keytalk, reference)
    assert seen["first_reply_at"]
    assert seen["tasks"] == []
    assert [step["actor"] for step in seen["timeline"] if step["kind"] == "replied"]

    # They are silent: two letters, the offer of a call, and in the end it lapses.
    waited_from = day_of(seen["waiting_since"])
    for count, step in ((5, "first_nudge"), (10, "second_nudge"), (15, "offer_call")):
        day = add_working_days(waited_from, count, ENGLAND)
        play(keytalk, day)
        play(keytalk, day, "10:00")
        assert reminded(keytalk, reference)[-1] == step
        assert eventually(lambda step=step: messages(keytalk, f"answer_awaited:{step}:{reference}"))
    assert reminded(keytalk, reference) == ["due", "first_nudge", "second_nudge", "offer_call"]
    assert [task["kind"] for task in show(keytalk, reference)["tasks"]] == ["call"]
    play(keytalk, add_working_days(waited_from, 30, ENGLAND))
    lapsed = show(keytalk, reference)
    assert (lapsed["stage"], lapsed["tasks"]) == ("lapsed", [])
    [moved] = [step for step in lapsed["timeline"] if step["kind"] == "moved"]
    assert (moved["actor"], moved["from"], moved["to"]) == ("clock", "new", "lapsed")
    assert "30 working days" in moved["reason"]


def test_a_call_is_an_answer_too_and_what_they_say_makes_it_our_turn(embedded):
    reference = post(embedded)

    embedded.cli("enquiries", "log-call", reference, "--words", "Nobody picked up.", "--no-answer")
    assert show(embedded, reference)["first_reply_at"] is None
    embedded.cli("enquiries", "log-call", reference, "--words", "We spoke.", "--waiting-on", "prison")
    assert show(embedded, reference)["first_reply_at"]
    answer = embedded.cli("enquiries", "answered", reference, "--words", "Tuesdays, from January.")

    assert answer["waiting_on"] == "us"
    assert [task["title"] for task in show(embedded, reference)["tasks"]] == ["Reply to what they said"]


def test_words_about_someone_in_prison_are_refused_and_nothing_is_kept(embedded):
    reference = post(embedded)

    with pytest.raises(CommandRefused, match="never keep details of anyone in prison"):
        embedded.cli("enquiries", "note", reference, "--words", "About A1234BC.")

    assert [step["kind"] for step in show(embedded, reference)["timeline"]] == ["task_added"]


def test_an_enquiry_by_phone_without_an_email_address_has_a_reference_and_is_thanked_by_a_person(embedded):
    taken = embedded.cli(
        "enquiries",
        "add",
        *("--programme", "many-faces-of-trauma", "--establishment", "RSI", "--name", "Sam Okoro"),
        *("--phone", "01632 960 001", "--message", "Rang at nine."),
    )
    reference = taken["reference"]
    seen = filed(embedded, reference)

    assert (seen["channel"], seen["standing"], seen["contact"]["email"]) == ("phone", "filed", None)
    assert sorted(task["kind"] for task in seen["tasks"]) == ["reply", "thanks"]
    with pytest.raises(CommandRefused, match="no email address that reaches"):
        embedded.cli("enquiries", "reply", reference, "--words", "Thank you.")
    thanks = eventually(
        lambda: [
            row
            for row in messages(embedded, f"enquiry_received:{reference}")
            if row["recipient"] != "ops" and row["state"] not in {"scheduled", "sending"}
        ]
    )
    assert [row["state"] for row in thanks] == ["suppressed"]
    embedded.cli("enquiries", "log-call", reference, "--words", "Thanked, reference read out.")
    assert show(embedded, reference)["tasks"] == []


def test_a_phone_enquiry_that_cannot_be_answered_is_refused_by_field(embedded):
    with pytest.raises(CommandRefused, match="Ask for a phone number or an email address"):
        embedded.cli(
            "enquiries", "add", "--programme", "many-faces-of-trauma", "--establishment", "RSI", "--name", "Sam Okoro"
        )


def test_tasks_are_added_given_done_and_opened_again(embedded):
    reference = post(embedded)
    task = embedded.cli("tasks", "add", "Send the leaflet", "--due", "2026-01-05", "--enquiry", reference)

    overdue = embedded.cli("tasks", "list", "--overdue", "--enquiry", reference)
    assert [each["title"] for each in overdue] == ["Send the leaflet"]
    assert embedded.cli("tasks", "assign", task["id"], "sam")["owner"] == "sam"
    assert [each["id"] for each in embedded.cli("tasks", "list", "--owner", "sam")] == [task["id"]]
    done = embedded.cli("tasks", "done", task["id"], "--outcome", "Posted.")
    assert (done["outcome"], bool(done["done_at"])) == ("Posted.", True)
    with pytest.raises(CommandRefused, match="done already"):
        embedded.cli("tasks", "done", task["id"])
    assert embedded.cli("tasks", "reopen", task["id"])["done_at"] is None
    embedded.cli("enquiries", "assign", reference, "operator-of-another-name")
    assert embedded.cli("tasks", "list", "--mine") is not None


def test_the_checklist_is_answered_and_what_is_open_is_told_when_moving_on(embedded):
    reference = post(embedded)
    embedded.cli("enquiries", "move", reference, "availability")
    checklist = embedded.cli("enquiries", "check", reference, "room", "yes", "--note", "The quiet room.")
    assert [(each["item"], each["answer"]) for each in checklist][:3] == [
        ("window_fit", None),
        ("weeks", None),
        ("room", "yes"),
    ]

    moved = embedded.cli("enquiries", "move", reference, "suitability")

    assert moved["stage"] == "suitability"
    assert [sentence.partition(":")[0] for sentence in moved["left_open"]] == ["Not answered yet"] * 2
