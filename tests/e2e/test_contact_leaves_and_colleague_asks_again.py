"""A contact can be reached no longer, and a colleague sends the same ask: one thread, no word lost, in both modes."""

from __future__ import annotations

import pytest

from tests.examples import risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

HEAD = {
    "establishment": "RSI",
    "contact_name": "Hana Rees",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "hana.rees@risley.example",
    "message": "We would like sixteen weeks from January, for men on the resettlement wing.",
}
HUB = {
    "establishment": "RSI",
    "contact_name": "Ffion Môn",
    "contact_role": "Activities hub",
    "contact_email": "hub@risley.example",
    "message": "Please could you put your programme on with us from January?",
}
VACANT = "Who holds the post of Head of reducing reoffending at Risley (HMP) now?"


def show(keytalk: Keytalk, reference: str) -> dict:
    return keytalk.cli("enquiries", "show", reference)


def ask(keytalk: Keytalk, answers: dict) -> str:
    """Have someone ask; wait until they are on record and were thanked."""
    answer = keytalk.post(risley_enquiry(**answers))
    assert answer.status_code == 201, answer.text
    reference: str = answer.json()["reference"]
    eventually(lambda: (seen := show(keytalk, reference))["contact"]["id"] and seen["acknowledged_at"], within=60)
    return reference


@pytest.fixture(scope="module")
def older(keytalk: Keytalk) -> str:
    eventually(lambda: keytalk.cli("organisations", "list", "--search", "Risley"), within=60)
    return ask(keytalk, HEAD)


@pytest.fixture(scope="module")
def gone(keytalk: Keytalk, older: str, request: pytest.FixtureRequest) -> str:
    """The head's mail comes back for good; on this machine's own mailbox nothing can, so an operator says it."""
    if "KEYTALK_SMTP_URL" not in keytalk.environment:
        keytalk.cli("contacts", "left", show(keytalk, older)["contact"]["id"], "--reason", "The hub told us.")
        return "left"
    server = request.getfixturevalue("_mail_server")
    server.unknown.add(HEAD["contact_email"])
    keytalk.cli("enquiries", "reply", older, "--words", "Thank you. Which Tuesdays suit you?")
    eventually(lambda: show(keytalk, older)["contact"]["status"] == "bounced", within=60)
    return "bounced"


@pytest.fixture(scope="module")
def newer(keytalk: Keytalk, gone: str) -> str:
    return ask(keytalk, HUB)


@pytest.fixture(scope="module")
def thread(keytalk: Keytalk, older: str, newer: str) -> dict:
    assert show(keytalk, newer)["standing"] == "filed"
    return keytalk.cli("enquiries", "merge", newer, "--into", older, "--reason", "The hub asks for the same group.")


def test_when_mail_comes_back_for_good_a_task_asks_who_holds_the_post_now(keytalk, older, gone):
    contact = show(keytalk, older)["contact"]
    tasks = [task for task in keytalk.cli("tasks", "list") if task["reference"] == older]

    assert contact["status"] == gone
    assert [task["title"] for task in tasks].count(VACANT) == 1
    person = keytalk.cli("contacts", "show", contact["id"])
    assert [post["until"] is not None for post in person["posts"]] == [True]


def test_both_have_references_of_their_own_and_the_duplicate_is_suggested_not_merged(keytalk, older, newer):
    [match] = [each for each in keytalk.cli("enquiries", "matches", newer) if each["kind"] == "duplicate"]

    assert older != newer
    assert (match["id"], match["state"]) == (older, "suggested")
    assert match["score"] >= 60
    assert {"it is for the same establishment", "it asks for the same programme"} <= set(match["reasons"])


def test_merged_into_the_older_both_texts_are_kept_and_the_colleague_is_written_to(keytalk, older, newer, gone, thread):
    assert thread["thread"] == [older, newer]
    whole, part = show(keytalk, older), show(keytalk, newer)
    assert (whole["message"], part["message"]) == (HEAD["message"], HUB["message"])
    assert whole["merged"][0]["message"] == HUB["message"]
    assert whole["merged"][0]["asked_by"]["name"] == "Ffion Môn"
    assert whole["asked_by"]["name"] == "Hana Rees"
    assert (whole["contact"]["name"], whole["contact"]["status"]) == ("Ffion Môn", "active")
    assert (part["merged_into"], part["contact"]["email"]) == (older, "hub@risley.example")
    statuses = {row["name"]: row["status"] for row in keytalk.cli("contacts", "list")}
    assert (statuses["Hana Rees"], statuses["Ffion Môn"]) == (gone, "active")


def test_a_reply_to_either_reference_reaches_the_thread_and_the_colleague(keytalk, older, newer, thread):
    for reference, words in ((older, "Shall we say Tuesdays?"), (newer, "Or would Thursdays be better?")):
        keytalk.cli("enquiries", "reply", reference, "--words", words)

    said = [step["reason"] for step in show(keytalk, older)["timeline"] if step["kind"] == "replied"]
    assert said[-2:] == ["Shall we say Tuesdays?", "Or would Thursdays be better?"]


def test_what_was_merged_is_moved_only_where_its_thread_is(keytalk, older, newer, thread):
    with pytest.raises(CommandRefused, match=f"merged into {older}"):
        keytalk.cli("enquiries", "move", newer, "availability")


def test_taken_apart_again_each_is_as_it_was_and_they_are_remembered_as_two(keytalk, older, newer, gone, thread):
    keytalk.cli("enquiries", "unmerge", newer, "--reason", "It is for another group.")
    keytalk.cli("enquiries", "not-duplicate", newer, older)

    whole, part = show(keytalk, older), show(keytalk, newer)
    assert whole["merged"] == []
    assert (whole["contact"]["name"], whole["contact"]["status"]) == ("Hana Rees", gone)
    assert (part["standing"], part["stage"], part["merged_into"]) == ("filed", "new", None)
    assert part["contact"]["name"] == "Ffion Môn"
    assert [each for each in keytalk.cli("enquiries", "matches", newer) if each["kind"] == "duplicate"] == []
