"""`keytalk sessions cover` and `withdraw`, and `keytalk offers`: what they ask, show first, and print."""

from __future__ import annotations

import json

import pytest

from tests.unit.ops.telling_cast import telling

SESSION, LEE, ANA, OFFER = "s2", "lee-id", "ana-id", "o1"
FIGURES = {
    "led_before": 0,
    "qualifications": [],
    "travel_minutes": 35,
    "sessions_that_week": 0,
    "weekly_limit": 4,
    "clearance_days": 30,
    "sessions_around": 0,
}
COVER = {
    "session": SESSION,
    "number": 2,
    "run": "r1",
    "enquiry": "KT-7F3K-92",
    "establishment": {"id": "RSI", "name": "Risley (HMP)"},
    "date": "2027-01-19",
    "start": "13:45",
    "end": "16:45",
    "facilitators": [{"id": "tom-id", "name": "Tom Okafor"}],
    "lacks": 1,
    "answer_by": "2027-01-19T10:00:00+00:00",
    "can": [{"rank": 1, "facilitator": LEE, "name": "Lee Marsh", "reasons": ["35 minutes to travel"], **FIGURES}],
    "cannot": [
        {
            "facilitator": "kim-id",
            "name": "Kim Noor",
            "reasons": [
                {"rule": "H3", "name": "x", "why": "No clearance."},
                {"rule": "H7", "name": "y", "why": "On leave."},
            ],
            **FIGURES,
        }
    ],
}
WITHDRAWN = {"change": "c1", "sessions": [COVER]}
MADE = {
    "offer": OFFER,
    "run": "r1",
    "enquiry": "KT-7F3K-92",
    "state": "open",
    "role": "cover",
    "facilitator": {"id": LEE, "name": "Lee Marsh"},
    "instead_of": {"id": ANA, "name": "Ana Reyes"},
    "establishment": {"id": "RSI", "name": "Risley (HMP)", "town": "Warrington"},
    "sessions": [
        {"number": 2, "date": "2027-01-19", "start": "13:45", "end": "16:45", "arrive_by": "12:45", "with": ["Tom"]}
    ],
    "answer_by": "2027-07-19T09:00:00+00:00",
}
ASKED = {"sessions": [SESSION], "facilitator": LEE, "role": "cover", "instead_of": ANA}


def test_cover_shows_who_can_and_why_the_others_cannot(keytalk, gateway):
    gateway.will_answer("scheduling.get_cover", COVER)

    shown = keytalk("sessions", "cover", SESSION)

    for said in ("Lee Marsh", "35 minutes to travel", "Kim Noor", "No clearance.", "On leave.", "10:00 on Tue 19 Jan"):
        assert said in shown.stdout
    assert f"keytalk offers make --session {SESSION} --facilitator {LEE}" in shown.stderr


def test_cover_is_plain_json_for_programs(keytalk, gateway):
    gateway.will_answer("scheduling.get_cover", COVER)

    assert json.loads(keytalk("sessions", "cover", SESSION, "--json").stdout) == COVER


def test_where_nobody_can_the_list_says_so(keytalk, gateway):
    gateway.will_answer("scheduling.get_cover", {**COVER, "can": []})

    assert "Nobody on file can" in keytalk("sessions", "cover", SESSION).stdout


def test_withdrawing_shows_what_follows_and_asks_first(keytalk, gateway):
    gateway.will_answer("scheduling.withdraw_from_session", WITHDRAWN)

    no = keytalk("sessions", "withdraw", SESSION, "--facilitator", ANA, typed="n\n")
    assert no.exit_code == 1
    assert "1 to be found, 1 who could" in no.stdout
    assert "Nothing was changed" in no.stderr
    assert [body.get("dry_run") for _call, body in gateway.asked] == [True]

    yes = keytalk("sessions", "withdraw", SESSION, "--facilitator", ANA, typed="y\n")
    assert yes.exit_code == 0
    assert gateway.asked[-1] == (
        "scheduling.withdraw_from_session",
        {"sessions": [SESSION], "facilitator": ANA},
    )
    assert "Lee Marsh" in yes.stdout


def test_there_is_no_way_to_give_a_reason_for_withdrawing(keytalk, gateway):
    assert keytalk("sessions", "withdraw", SESSION, "--facilitator", ANA, "--reason", "x", "--yes").exit_code == 2
    assert gateway.asked == []


def test_an_offer_is_shown_before_it_goes_out(keytalk, gateway):
    gateway.will_answer("scheduling.make_offer", MADE)

    words = ("offers", "make", "--session", SESSION, "--facilitator", LEE, "--instead-of", ANA)
    made = keytalk(*words, typed="y\n")

    assert "Lee Marsh would have this offer open:" in made.stdout
    assert [body for _call, body in gateway.asked] == [{**ASKED, "dry_run": True}, ASKED]
    # In July, London is an hour ahead.
    assert "10:00 on Mon 19 Jul 2027" in made.stdout


def test_with_yes_nothing_is_asked_first(keytalk, gateway):
    gateway.will_answer("scheduling.make_offer", MADE)

    keytalk("offers", "make", "--session", SESSION, "--facilitator", LEE, "--instead-of", ANA, "--yes", "--json")

    assert gateway.asked == [("scheduling.make_offer", ASKED)]


@pytest.mark.parametrize("answer", ["accept", "decline", "withdraw"])
def test_a_dry_run_of_an_answer_changes_nothing(keytalk, gateway, answer):
    gateway.will_answer(f"scheduling.{answer}_offer", {**MADE, "state": f"{answer}ed"})

    tried = keytalk("offers", answer, OFFER, "--dry-run", "--yes")

    assert tried.exit_code == 0
    assert "A dry run: nothing is changed" in tried.stderr
    assert gateway.asked == [(f"scheduling.{answer}_offer", {"offer": OFFER, "dry_run": True})]


@pytest.mark.parametrize("answer", ["accept", "decline", "withdraw"])
def test_an_answer_is_recorded(keytalk, gateway, answer):
    gateway.will_answer(f"scheduling.{answer}_offer", MADE)

    assert keytalk("offers", answer, OFFER, "--yes").exit_code == 0
    assert gateway.asked == [(f"scheduling.{answer}_offer", {"offer": OFFER})]


def test_a_refusal_is_said_with_every_reason(keytalk, gateway):
    errors = {"facilitator": ["Session 2: no clearance.", "Session 3: on leave."]}
    gateway.will_refuse("scheduling.make_offer", 409, "This cannot be taken as things stand.", errors=errors)

    refused = keytalk("offers", "make", "--session", SESSION, "--facilitator", LEE, "--yes")

    assert refused.exit_code == 1
    assert "facilitator: Session 3: on leave." in refused.stderr


def test_offers_are_listed(keytalk, gateway):
    row = {"offer": OFFER, "name": "Lee Marsh", "establishment": "Risley (HMP)", "sessions": ["s2", "s3"]}
    row |= {"role": "cover", "state": "open", "answer_by": MADE["answer_by"]}
    gateway.will_answer("scheduling.list_offers", [row])

    listed = keytalk("offers", "list", "--state", "open", "--session", SESSION)

    assert "Lee Marsh" in listed.stdout
    assert gateway.asked == [
        ("scheduling.list_offers", {"limit": 50, "run": None, "session": SESSION, "state": "open"})
    ]


def test_withdrawing_names_who_stays_and_that_the_prison_hears_of_it(keytalk, gateway):
    both = {**COVER, "facilitators": [*COVER["facilitators"], {"id": ANA, "name": "Ana Reyes"}], "number": 3}
    told = telling(("enquirer:KT-7F3K-92", "run_changed_contact"))
    gateway.will_answer("scheduling.withdraw_from_session", {**WITHDRAWN, "sessions": [COVER, both], **told})
    gateway.will_refuse("enquiries.get_enquiry", 403, "Your account may not do that.")

    tried = keytalk("sessions", "withdraw", SESSION, "--facilitator", ANA, "--dry-run").stdout

    assert "13:45 to 16:45: Tom Okafor stays; 1 to be found, 1 who could." in tried
    assert "Tom Okafor, Ana Reyes stay; 1 to be found" in tried
    assert "the contact of KT-7F3K-92: Run changed, to the contact" in tried


def test_after_asking_it_is_said_when_mails_go_out(keytalk, gateway):
    gateway.will_answer("scheduling.make_offer", MADE)
    words = ("offers", "make", "--session", SESSION, "--facilitator", LEE)

    assert "in office hours" in keytalk(*words, "--yes").stderr
    assert "in office hours" not in keytalk(*words, "--dry-run").stderr
    assert "in office hours" not in keytalk(*words, "--yes", "--json").stderr
