from __future__ import annotations

import json

import pytest

from tests.unit.ops.telling_cast import done, telling

SUSPECT = {
    "reference": "KT-7F3K-92",
    "stage": "new",
    "received_at": "2026-12-05T02:11:00+00:00",
    "score": 9,
    "reasons": ["it holds links", "it holds markup"],
    "establishment": "x",
    "contact_name": "y",
    "opening": "Cheap\nclicks at https://spam.example " + "and more " * 20,
}
WHOLE = {
    "reference": "KT-7F3K-92",
    "standing": "quarantined",
    "stage": "new",
    "received_at": "2026-12-05T02:11:00+00:00",
    "channel": "api",
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact": {"name": "Alex", "email": "alex@risley.example"},
    "message": "We would like\nto start \x1b[31min January.",
    "spam": {"score": 6, "reasons": ["it holds links"]},
}


def test_suspects_are_listed_with_the_reasons_and_the_first_words(keytalk, gateway):
    gateway.will_answer("enquiries.list_quarantine", [SUSPECT])

    result = keytalk("quarantine", "list", "--closed")

    assert gateway.asked == [("enquiries.list_quarantine", {"limit": 200, "closed": True})]
    assert "it holds links, it holds markup" in result.stdout
    assert "Cheap clicks at https://spam.example and more" in result.stdout
    assert "..." in result.stdout


def test_programs_get_the_words_as_they_are(keytalk, gateway):
    gateway.will_answer("enquiries.list_quarantine", [SUSPECT])

    assert json.loads(keytalk("quarantine", "list", "--json").stdout) == [SUSPECT]


def test_one_is_shown_whole_and_its_words_steer_no_terminal(keytalk, gateway):
    gateway.will_answer("enquiries.get_enquiry", WHOLE)

    said = keytalk("quarantine", "show", "KT-7F3K-92").stdout

    assert "to start \N{REPLACEMENT CHARACTER}[31min January." in said
    assert "Held because: it holds links" in said
    assert "keytalk quarantine release KT-7F3K-92" in said


def test_one_that_is_let_in_says_what_happens_next(keytalk, gateway):
    gateway.will_answer("enquiries.release_enquiry", {**WHOLE, "standing": "filed"})

    result = keytalk("quarantine", "release", "KT-7F3K-92", "--reason", "A real prison", "--yes")

    assert gateway.asked[0][1] == {"reference": "KT-7F3K-92", "reason": "A real prison"}
    assert "its sender will be thanked" in result.stdout


def test_letting_one_in_says_first_who_is_thanked(keytalk, gateway):
    contact = {"name": "Alex Morgan", "email": "alex@risley.example"}
    told = telling(("enquirer:KT-7F3K-92", "enquiry_received"))
    gateway.will_answer("enquiries.release_enquiry", {"reference": "KT-7F3K-92", **told})
    gateway.will_answer("enquiries.get_enquiry", {"reference": "KT-7F3K-92", "contact": contact})

    shown = keytalk("quarantine", "release", "KT-7F3K-92", typed="n\n")

    assert (shown.exit_code, done(gateway, "enquiries.release_enquiry")) == (1, [])
    assert "Alex Morgan <alex@risley.example>: Enquiry received" in shown.stdout


def test_all_are_cleared_as_of_the_moment_they_were_counted_in_as_many_turns_as_it_takes(keytalk, gateway):
    gateway.will_answer("enquiries.count_quarantine", {"waiting": 1240, "as_of": "2026-12-07T08:01:00+00:00"})
    gateway.will_answer(
        "enquiries.clear_quarantine",
        {"cleared": 1000, "named": 1000, "left": 240},
        {"cleared": 240, "named": 240, "left": 0},
    )

    result = keytalk("quarantine", "clear", "--reason", "Adverts", "--all", typed="y\n")

    assert "Close 1240 as spam?" in result.stderr
    turns = [body for call, body in gateway.asked if call == "enquiries.clear_quarantine"]
    assert turns == [{"all_before": "2026-12-07T08:01:00+00:00", "reason": "Adverts"}] * 2
    assert "1240 closed as spam." in result.stdout


def test_a_no_closes_nothing(keytalk, gateway):
    gateway.will_answer("enquiries.count_quarantine", {"waiting": 240, "as_of": "2026-12-07T08:01:00+00:00"})

    result = keytalk("quarantine", "clear", "--reason", "Adverts", "--all", typed="n\n")

    assert (result.exit_code, gateway.times_asked("enquiries.clear_quarantine")) == (1, 0)
    assert "Nothing was changed." in result.stderr


def test_what_came_before_a_time_is_counted_and_cleared(keytalk, gateway):
    gateway.will_answer("enquiries.count_quarantine", {"waiting": 3, "as_of": "2026-12-05T09:00:00+00:00"})
    gateway.will_answer("enquiries.clear_quarantine", {"cleared": 3, "named": 3, "left": 0})

    keytalk("quarantine", "clear", "--reason", "Adverts", "--before", "2026-12-05T09:00", "--yes")

    assert gateway.asked[0] == ("enquiries.count_quarantine", {"before": "2026-12-05T09:00:00"})


def test_nothing_to_clear_is_no_question(keytalk, gateway):
    gateway.will_answer("enquiries.count_quarantine", {"waiting": 0, "as_of": "2026-12-07T08:01:00+00:00"})

    result = keytalk("quarantine", "clear", "--reason", "Adverts", "--all")

    assert (result.exit_code, result.stdout) == (0, "0 closed as spam. To see them: keytalk quarantine list --closed\n")


def test_named_ones_are_cleared_and_counted_for_programs(keytalk, gateway):
    gateway.will_answer("enquiries.clear_quarantine", {"cleared": 2, "named": 2, "left": 0})

    result = keytalk("quarantine", "clear", "--reason", "Adverts", "KT-2222-22", "KT-3333-33", "--yes", "--json")

    assert gateway.asked[0][1] == {"references": ["KT-2222-22", "KT-3333-33"], "reason": "Adverts"}
    assert json.loads(result.stdout) == {"cleared": 2}


@pytest.mark.parametrize(
    "words", [(), ("--all", "KT-2222-22"), ("--all", "--before", "2026-12-05T09:00"), ("--before", "yesterday")]
)
def test_which_are_meant_must_be_clear(keytalk, gateway, words):
    result = keytalk("quarantine", "clear", "--reason", "Adverts", *words, "--yes")

    assert (result.exit_code, gateway.asked) == (2, [])


def day(**changes):
    counts = {"received": 5, "filed": 3, "quarantined": 2, "merged": 0, "by_hand": 1}
    return {"day": "2026-12-05", **counts, "comes_out": True, "unaccounted": [], "closed_at": None, **changes}


def test_the_ledger_says_that_all_is_accounted_for(keytalk, gateway):
    gateway.will_answer("enquiries.get_ledger", [day()])

    result = keytalk("enquiries", "ledger", "--day", "2026-12-05", "--days", "14")

    assert gateway.asked == [("enquiries.get_ledger", {"day": "2026-12-05", "days": 14})]
    assert "Everything that came on these days is accounted for." in result.stdout


def test_the_ledger_names_what_is_not_accounted_for(keytalk, gateway):
    left = [{"reference": "KT-7F3K-92", "why": "it was never filed"}]
    gateway.will_answer("enquiries.get_ledger", [day(), day(day="2026-12-04", unaccounted=left)])

    said = keytalk("enquiries", "ledger").stdout

    assert "KT-7F3K-92" in said
    assert "it was never filed" in said
    assert "accounted for." not in said


def test_canaries_are_listed_and_one_can_be_sent(keytalk, gateway):
    row = {"id": "c1", "sent_at": "2026-12-05T09:00:00+00:00", "state": "lost", "why": "no answer", "arrived_at": None}
    gateway.will_answer("enquiries.list_canaries", [row])
    gateway.will_answer("enquiries.send_canary", {**row, "state": "arrived"})

    assert "no answer" in keytalk("enquiries", "canaries").stdout
    assert "State: arrived" in keytalk("enquiries", "canaries", "--send").stdout
