"""What `keytalk preferences` asks of the gateway, and what it prints."""

from __future__ import annotations

import json

import pytest

ID = "0192f0c8-0000-7000-8000-0000000000a1"
FOUND = {
    "person": f"facilitator:{ID}",
    "channel": "email",
    "digest": True,
    "non_critical": True,
    "quiet": True,
    "quiet_from": "18:00",
    "quiet_until": "08:00",
    "changed_at": "2026-12-01T10:00:00+00:00",
    "changed_by": "priya",
    "reason": "asked by phone",
    "page": "https://keys.example/messages/f-signed",
}


@pytest.fixture
def known(gateway):
    gateway.will_answer("scheduling.get_facilitator", {"id": ID, "name": "Ana Reyes"})
    gateway.will_answer("scheduling.list_facilitators", [{"id": ID, "name": "Ana Reyes"}])
    gateway.will_answer("enquiries.get_contact", {"id": ID, "name": None})
    gateway.will_answer("enquiries.get_enquiry", {"contact": {"id": ID, "name": "Sam O'Neil"}})
    for call in ("get_preferences", "change_preferences"):
        gateway.will_answer(f"notifications.{call}", FOUND)
    return gateway


def test_showing_says_who_it_is_and_what_they_chose(keytalk, known):
    said = keytalk("preferences", "show", f"facilitator:{ID}").stdout

    assert f"Ana Reyes (facilitator:{ID})" in said
    assert "What can wait: one email a day" in said
    assert "Quiet hours: 18:00 to 08:00, weekends and bank holidays" in said
    assert "Changed Tue  1 Dec 2026 10:00 by priya, because: asked by phone" in said


@pytest.mark.parametrize(
    ("person", "asked"),
    [
        (f"contact:{ID}", f"contact:{ID}"),
        ("KT-7F3K-92", f"contact:{ID}"),
        ("enquirer:KT-7F3K-92", f"contact:{ID}"),
        (f"facilitator:{ID}", f"facilitator:{ID}"),
        ("Ana Reyes", f"facilitator:{ID}"),
    ],
)
def test_a_person_is_named_by_an_id_or_an_enquiry(keytalk, known, person, asked):
    keytalk("preferences", "show", person)

    assert known.asked[-1] == ("notifications.get_preferences", {"person": asked})


def test_a_name_that_is_no_facilitators_is_refused_with_what_to_give(keytalk, known):
    refused = keytalk("preferences", "show", "Sam O'Neil")

    assert refused.exit_code == 1
    assert "give contact:ID, as `keytalk contacts list` shows it, or the reference of their enquiry" in refused.stderr


def test_an_enquirer_who_is_no_contact_yet_is_named_by_their_enquiry(keytalk, gateway):
    gateway.will_answer("enquiries.get_enquiry", {"contact": {"id": None, "name": None}})
    gateway.will_answer("notifications.get_preferences", FOUND)

    keytalk("preferences", "show", "KT-7F3K-92")

    assert gateway.asked[-1] == ("notifications.get_preferences", {"person": "enquirer:KT-7F3K-92"})


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (("--waiting", "none"), {"non_critical": False}),
        (("--waiting", "daily"), {"digest": True, "non_critical": True}),
        (("--channel", "phone", "--no-quiet-hours"), {"channel": "phone", "quiet": False}),
        (("--quiet-from", "20:00"), {"quiet_from": "20:00", "quiet": True}),
    ],
)
def test_a_change_sends_only_what_is_said_and_why(keytalk, known, words, given):
    result = keytalk("preferences", "change", f"facilitator:{ID}", *words, "--reason", "asked by phone", "--json")

    assert json.loads(result.stdout) == FOUND
    asked = {"person": f"facilitator:{ID}", "reason": "asked by phone", **given}
    assert known.asked[-1] == ("notifications.change_preferences", asked)


@pytest.mark.parametrize("words", [(), ("--no-quiet-hours", "--quiet-from", "20:00")])
def test_a_change_of_nothing_or_of_both_is_not_understood(keytalk, known, words):
    result = keytalk("preferences", "change", f"facilitator:{ID}", *words, "--reason", "asked by phone")

    assert result.exit_code == 2
    assert known.asked == []


def test_a_change_without_a_reason_is_not_understood(keytalk, known):
    assert keytalk("preferences", "change", f"facilitator:{ID}", "--waiting", "none").exit_code == 2


def test_the_link_is_all_there_is_on_the_first_stream(keytalk, known):
    result = keytalk("preferences", "link", "KT-7F3K-92")

    assert result.stdout == f"{FOUND['page']}\n"
    assert "Sam O'Neil alone" in result.stderr


def test_the_list_has_a_row_for_each_who_chose(keytalk, gateway):
    gateway.will_answer("notifications.list_preferences", [{**FOUND, "non_critical": False, "quiet": False}])
    gateway.will_answer("scheduling.list_facilitators", [{"id": ID, "name": "Ana Reyes"}])

    listed = keytalk("preferences", "list", "--limit", "5").stdout

    assert "Ana Reyes" in listed
    assert "does not come, nor do reminders" in listed
    assert gateway.asked[0] == ("notifications.list_preferences", {"limit": 5})


SAM = "0192f0c8-0000-7000-8000-0000000000b2"
OTHER = {**FOUND, "person": f"contact:{SAM}"}
UNKNOWN = {**FOUND, "person": "contact:c-9"}


def test_contacts_are_named_in_the_list_and_asked_for_at_once(keytalk, gateway):
    gateway.will_answer("notifications.list_preferences", [OTHER, OTHER, UNKNOWN])
    gateway.will_answer("enquiries.list_contacts", [{"id": SAM, "name": "Sam O'Neil"}])

    listed = keytalk("preferences", "list").stdout

    assert listed.count("Sam O'Neil") == 2
    assert SAM not in listed
    assert "contact:c-9" in listed
    assert gateway.asked[1:] == [("enquiries.list_contacts", {"ids": [SAM, "c-9"], "limit": 2})]


def test_ids_are_shown_for_other_commands_where_they_are_asked_for(keytalk, gateway):
    gateway.will_answer("notifications.list_preferences", [OTHER])
    gateway.will_answer("enquiries.list_contacts", [{"id": SAM, "name": "Sam O'Neil"}])

    listed = keytalk("preferences", "list", "--ids").stdout

    assert "Sam O'Neil" in listed
    assert f"contact:{SAM}" in listed


def test_where_contacts_cannot_be_asked_for_their_ids_stand(keytalk, gateway):
    gateway.will_answer("notifications.list_preferences", [OTHER])
    gateway.will_refuse("enquiries.list_contacts", 403, "Your account may not do that.")

    assert f"contact:{SAM}" in keytalk("preferences", "list").stdout
