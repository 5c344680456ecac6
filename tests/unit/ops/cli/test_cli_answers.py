"""`keytalk answers` and `keytalk suppressions`: what came back by mail, and an address written to again."""

from __future__ import annotations

import json
from typing import get_args

from ops.cli import answers
from services.notifications.domain.answers import Kind
from services.notifications.handlers.answering import Outcome

MESSAGE = "0192f0c8-0000-7000-8000-00000000000a"
READ = {
    "id": "0192f0c8-0000-7000-8000-000000000001",
    "read_at": "2026-11-20T10:01:00+00:00",
    "kind": "report",
    "outcome": "bounced",
    "about": "KT-7F3K-92",
    "message": MESSAGE,
}
MAILBOX = {
    "is_set": True,
    "mailbox": "mail.example/INBOX (3f2a9c01)",
    "read_at": "2026-11-20T10:01:00+00:00",
    "fault": None,
    "lately": {"bounced": 1, "filed": 3},
}
HELD_BACK = {
    "id": "0f1e2d3c4b5a6978",
    "since": "2026-11-20T10:01:00+00:00",
    "why": "It came back with 5.1.1: there is no such mailbox.",
    "message": MESSAGE,
    "recipient": "enquirer:KT-7F3K-92",
    "about": "enquiry:KT-7F3K-92",
    "lifted_at": None,
    "lifted_by": None,
    "lifted_because": None,
}


def test_what_was_read_is_listed_with_when_the_mailbox_was_read_last(keytalk, gateway):
    gateway.will_answer("notifications.list_answers", [READ])
    gateway.will_answer("notifications.get_mailbox", MAILBOX)

    done = keytalk("answers", "list", "--kind", "report", "--outcome", "bounced")

    assert "bounced" in done.stdout
    assert "KT-7F3K-92" in done.stdout
    assert "mail.example/INBOX (3f2a9c01) was last read at Fri 20 Nov 2026 10:01." in done.stderr
    assert gateway.asked[0][1] == {"kind": "report", "outcome": "bounced", "limit": 50}


def test_as_json_it_is_the_rows_alone(keytalk, gateway):
    gateway.will_answer("notifications.list_answers", [READ])

    assert json.loads(keytalk("answers", "list", "--json").stdout) == [READ]


def test_the_mailbox_says_whether_it_is_read(keytalk, gateway):
    gateway.will_answer(
        "notifications.get_mailbox", MAILBOX, {**MAILBOX, "read_at": None}, {**MAILBOX, "is_set": False}
    )

    assert keytalk("answers", "mailbox").stdout.splitlines()[1:] == ["bounced: 1", "filed: 3"]
    assert "was not read yet" in keytalk("answers", "mailbox").stdout
    assert "KEYTALK_IMAP_URL is not set" in keytalk("answers", "mailbox").stdout


def test_the_mailbox_says_when_and_why_it_could_not_be_read(keytalk, gateway):
    fault = {"at": "2026-11-20T10:02:00+00:00", "why": "the server refused the user or the password"}
    gateway.will_answer("notifications.get_mailbox", {**MAILBOX, "fault": fault})

    said = keytalk("answers", "mailbox").stdout.splitlines()[0]

    assert said.endswith("It could not be read at Fri 20 Nov 2026 10:02: the server refused the user or the password.")


def test_what_is_held_back_is_listed_by_whom_it_belongs_to(keytalk, gateway):
    lifted = {**HELD_BACK, "lifted_at": "2026-11-23T09:00:00+00:00", "lifted_by": "priya", "lifted_because": "Opened."}
    gateway.will_answer("notifications.list_suppressions", [HELD_BACK, lifted])

    said = keytalk("suppressions", "list", "--lifted").stdout

    assert "the contact of KT-7F3K-92" in said
    assert "priya" in said
    assert gateway.asked[0][1] == {"lifted": True, "limit": 50}


def test_lifting_shows_first_what_it_is_and_asks(keytalk, gateway):
    gateway.will_answer("notifications.list_suppressions", [HELD_BACK])
    gateway.will_answer("notifications.lift_suppression", HELD_BACK)
    gateway.will_answer("enquiries.get_enquiry", {"contact": {"id": "c1", "status": "bounced"}})

    refused = keytalk("suppressions", "lift", HELD_BACK["id"], "--reason", "Opened again.", typed="n\n")
    assert refused.exit_code == 1
    assert "held back since Fri 20 Nov 2026 10:01. It came back with 5.1.1" in refused.stdout
    assert gateway.times_asked("notifications.lift_suppression") == 0

    done = keytalk("suppressions", "lift", MESSAGE, "--reason", "Opened again.", typed="y\n")
    assert "Lifted: mail to the contact of KT-7F3K-92 is sent again." in done.stdout
    asked = dict(gateway.asked[-2][1])
    asked.pop("idempotency_key", None)
    assert asked == {"suppression": MESSAGE, "reason": "Opened again."}


def test_lifting_says_where_the_contact_stays_marked_and_what_mends_that(keytalk, gateway):
    gateway.will_answer("notifications.lift_suppression", HELD_BACK, HELD_BACK)
    gateway.will_answer(
        "enquiries.get_enquiry", *({"contact": {"id": "c1", "status": s}} for s in ("bounced", "active"))
    )

    still = keytalk("suppressions", "lift", MESSAGE, "--reason", "Opened again.", "--yes")
    assert "still marked as bounced" in still.stdout
    assert "keytalk contacts back c1 --reason WORDS" in still.stderr

    assert "bounced" not in keytalk("suppressions", "lift", MESSAGE, "--reason", "Opened again.", "--yes").output


def test_a_dry_run_lifts_nothing(keytalk, gateway):
    gateway.will_answer("notifications.list_suppressions", [HELD_BACK])

    done = keytalk("suppressions", "lift", "0f1e2d3c", "--reason", "Opened again.", "--dry-run")

    assert (done.exit_code, "nothing is changed" in done.stderr) == (0, True)
    assert gateway.times_asked("notifications.lift_suppression") == 0


def test_an_id_that_nothing_has_is_refused_before_anything_is_asked(keytalk, gateway):
    gateway.will_answer("notifications.list_suppressions", [HELD_BACK])

    done = keytalk("suppressions", "lift", "123", "--reason", "Opened again.", typed="y\n")

    assert (done.exit_code, "No suppression is known as 123" in done.stderr) == (1, True)
    assert gateway.times_asked("notifications.lift_suppression") == 0


def test_lifting_needs_a_reason(keytalk, gateway):
    assert keytalk("suppressions", "lift", HELD_BACK["id"]).exit_code == 2


def test_the_command_knows_every_kind_and_outcome_that_there_is():
    assert set(get_args(answers.Kind)) == set(Kind)
    assert set(get_args(answers.Outcome)) == set(Outcome)
