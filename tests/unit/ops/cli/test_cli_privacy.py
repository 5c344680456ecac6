"""`keytalk privacy`: what it asks the gateway, and what a person reads."""

from __future__ import annotations

import json

from tests.unit.ops.telling_cast import done, telling

RECEIPT = {
    "request_id": "r1",
    "received_on": "2027-01-05",
    "due_on": "2027-02-05",
    "internal_due_on": "2027-02-02",
    "references": ["KT-7F3K-92"],
    "person_ids": [],
    "erased": {"enquiries": 1, "words of the timeline": 4},
    "kept": [{"what": "names under agreements", "count": 1, "why": "For claims.", "until": "2034"}],
    "to_look_at": ["KT-QQQQ-22"],
    "repeated": False,
}


def test_an_erasure_prints_what_went_what_stays_and_where_to_look(gateway, keytalk):
    gateway.will_answer("enquiries.erase_person", RECEIPT)

    done = keytalk(
        "privacy", "erase", "alex@risley.example", "--reason", "They wrote.", "--received", "2027-01-05", "--yes"
    )

    asked = {"person": "alex@risley.example", "reason": "They wrote.", "received_on": "2027-01-05"}
    assert gateway.asked == [("enquiries.erase_person", asked)]
    for words in ("Due by law: Fri  5 Feb 2027", "words of the timeline", "For claims.", "KT-QQQQ-22"):
        assert words in done.stdout
    assert "alex" not in done.stdout


def test_an_erasure_shows_whom_it_means_and_only_a_yes_erases(gateway, keytalk):
    contact = {"name": "Alex Morgan", "email": "alex@risley.example", "status": "active"}
    gateway.will_answer("enquiries.list_contacts", [contact])
    gateway.will_answer("enquiries.erase_person", {**RECEIPT, **telling()})
    line = ("privacy", "erase", "alex@risley.example", "--reason", "They wrote.")

    said_no, dry = keytalk(*line, typed="n\n"), keytalk(*line, "--dry-run")

    assert (said_no.exit_code, dry.exit_code) == (1, 0)
    for shown in (said_no, dry):
        assert "Alex Morgan <alex@risley.example>, active" in shown.stdout
        assert "cannot be taken back" in shown.stdout
    assert done(gateway, "enquiries.erase_person") == []


def test_an_erasure_needs_a_reason(gateway, keytalk):
    done = keytalk("privacy", "erase", "alex@risley.example", "--reason", " x ")

    assert done.exit_code == 2
    assert gateway.asked == []


def test_a_repeated_erasure_says_that_it_is_one(gateway, keytalk):
    gateway.will_answer("enquiries.erase_person", {**RECEIPT, "repeated": True})

    assert "erased already" in keytalk("privacy", "erase", "a@b.example", "--reason", "Again.", "--yes").stdout


def test_an_export_is_json_and_nothing_else(gateway, keytalk):
    gateway.will_answer("enquiries.export_person", {"enquiries": {"enquiries": []}})

    assert json.loads(keytalk("privacy", "export", "a@b.example").stdout) == {"enquiries": {"enquiries": []}}


def test_an_export_that_would_not_be_whole_fails_loudly(gateway, keytalk):
    gateway.will_refuse("enquiries.export_person", 503, "The notifications service could not be asked.")

    done = keytalk("privacy", "export", "a@b.example")

    assert (done.exit_code, done.stdout) == (3, "")
    assert "could not be asked" in done.stderr


def test_a_dry_run_shows_what_would_go_and_asks_for_nothing_to_go(gateway, keytalk):
    due = {"record": "spam", "key": "KT-7F3K-92", "since": "2026-12-05", "period": "30 days"}
    gateway.will_answer("enquiries.preview_retention", [{**due, "counted_from": "x", "goes": "y", "why": "z"}])

    done = keytalk("privacy", "retention", "--dry-run")

    assert "KT-7F3K-92" in done.stdout
    assert gateway.asked == [("enquiries.preview_retention", {"limit": 200})]


def test_retention_can_be_run_at_once(gateway, keytalk):
    gateway.will_answer("enquiries.run_retention", {"begins_at": "2027-01-05T09:00:00+00:00"})

    assert "begun" in keytalk("privacy", "retention", "--yes").stdout


def test_a_request_is_noted_with_the_day_it_is_due(gateway, keytalk):
    gateway.will_answer("enquiries.note_data_request", {**RECEIPT, "kind": "erasure"})

    done = keytalk("privacy", "request", "a@b.example", "--kind", "erasure")

    assert "Fri  5 Feb 2027" in done.stdout
    assert gateway.asked[0][1]["kind"] == "erasure"


def test_requests_are_listed(gateway, keytalk):
    gateway.will_answer("enquiries.list_data_requests", [{"id": "r1", "kind": "export", "state": "open"}])

    assert "export" in keytalk("privacy", "requests").stdout
