"""Organisations, contacts and merging from the command line: what is asked, and what a person reads."""

from __future__ import annotations

import json

import pytest

PERSON = {
    "id": "c1",
    "name": "Ffion Môn",
    "organisation": "Risley (HMP)",
    "email": None,
    "phone": "01925 763871",
    "preferred_channel": "phone",
    "status": "active",
    "posts": [{"id": "p1", "title": "Hub", "organisation": "Risley (HMP)", "since": "2026-11-02", "until": None}],
    "enquiries": [],
    "history": [{"at": "2026-11-02", "actor": "priya", "kind": "added", "was": None, "now": "added by hand"}],
}
ORGANISATION = {
    "id": "o1",
    "kind": "funder",
    "name": "The [Fund]",
    "active": True,
    "posts": [
        {"id": "p1", "title": "Grants", "held_by": [{"contact": "c1", "name": "Ffion Môn", "since": "2026-11-02T09"}]},
        {"id": "p2", "title": "Chair", "held_by": []},
    ],
    "contacts": [],
}


@pytest.mark.parametrize(
    ("line", "call", "asked"),
    [
        (
            "contacts left c1 --reason Gone --successor c2",
            "mark_contact_left",
            {"contact": "c1", "reason": "Gone", "successor": "c2"},
        ),
        ("contacts back c1 --reason Opened", "bring_contact_back", {"contact": "c1", "reason": "Opened"}),
        ("contacts assign c1 --post p1", "assign_post", {"contact": "c1", "post": "p1"}),
        ("contacts end-post c1 --post p1", "end_post", {"contact": "c1", "post": "p1"}),
    ],
)
def test_a_change_of_a_contact_shows_them_afterwards(keytalk, gateway, line, call, asked):
    gateway.will_answer(f"enquiries.{call}", {"id": "c1"})
    gateway.will_answer("enquiries.get_contact", PERSON)

    result = keytalk(*line.split())

    assert gateway.asked[0] == (f"enquiries.{call}", asked)
    assert "Ffion Môn" in result.stdout
    assert "added by hand" in result.stdout
    assert json.loads(keytalk(*line.split(), "--json").stdout) == PERSON


def test_an_empty_value_is_sent_on_to_clear_it(keytalk, gateway):
    gateway.will_answer("enquiries.change_contact", {"id": "c1"})
    gateway.will_answer("enquiries.get_contact", PERSON)

    keytalk("contacts", "change", "c1", "--email", "")

    assert gateway.asked[0][1]["email"] == ""
    assert gateway.asked[0][1]["name"] is None


def test_an_organisation_is_shown_with_who_holds_its_posts(keytalk, gateway):
    gateway.will_answer("enquiries.get_organisation", ORGANISATION)

    shown = keytalk("organisations", "show", "o1").stdout

    assert "Name: The [Fund]" in shown
    assert "Ffion Môn, since Mon  2 Nov 2026" in shown
    assert "nobody we know of" in shown


def test_a_refused_address_is_named(keytalk, gateway):
    gateway.will_refuse("enquiries.add_contact", 422, "Some of this needs a change.", errors={"email": ["Taken."]})

    result = keytalk("contacts", "add", "--name", "Kim", "--email", "kim@risley.example")

    assert result.exit_code == 1
    assert "email: Taken." in result.stderr


def test_matches_say_why_and_what_can_be_done(keytalk, gateway):
    match = {"kind": "duplicate", "id": "KT-2222-22", "name": "Kim", "score": 80, "state": "suggested"}
    gateway.will_answer("enquiries.list_matches", [{**match, "reasons": ["the same person asks"]}])

    shown = keytalk("enquiries", "matches", "KT-7F3K-92").stdout

    assert "the same person asks" in shown
    assert "keytalk enquiries merge KT-7F3K-92 --into REF" in shown


@pytest.mark.parametrize(
    ("line", "call", "answer", "says"),
    [
        (
            "merge KT-2 --into KT-1",
            "merge_enquiry",
            {"reference": "KT-2", "thread": ["KT-1", "KT-2"]},
            "KT-2 lies with KT-1 now",
        ),
        ("unmerge KT-2", "unmerge_enquiry", {"reference": "KT-2", "thread": ["KT-2"]}, "of its own again"),
        ("not-duplicate KT-2 KT-1", "not_duplicate", {"not_duplicates": ["KT-2", "KT-1"]}, "two different asks"),
        ("not-match KT-2 c1", "refuse_match", {"reference": "KT-2"}, "not suggested for KT-2 again"),
        ("link KT-2 --contact c1", "link_enquiry", {"reference": "KT-2"}, "KT-2 is linked"),
    ],
)
def test_each_step_says_what_was_done(keytalk, gateway, line, call, answer, says):
    gateway.will_answer(f"enquiries.{call}", answer)

    assert says in keytalk("enquiries", *line.split()).stdout
