"""What an answer by mail brings about, once, on both databases; and what a forged one does not."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.engine import make_url

from services.notifications.channels.verp import message_of
from services.notifications.domain.answers import read
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.preferences import Preferences, Way
from services.notifications.handlers.answering import Desk
from services.notifications.handlers.answers import KEPT_FOR, forget_old, take
from services.notifications.handlers.preferences import change
from services.notifications.handlers.suppressions import lift
from services.notifications.queries.preferences import preferences_of
from services.notifications.queries.suppressions import suppressed_because
from services.notifications.tables import answers_read, message_row, messages, messaging, metadata
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store
from tests.unit.services.notifications.answer_samples import (
    ADDRESS,
    AWAY,
    COMPLAINT,
    MESSAGE,
    MESSAGE_ID,
    ORIGINAL,
    OURS,
    QMAIL,
    RECEIPT,
    postfix,
    reply,
)

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
REF = "KT-7F3K-92"
KEYS = ("a new key of many characters", "an old key of many characters")
NOT_OURS = "bounces@mail.example.org"


class Others:
    """The other services, as this one hears them; a test changes what they know."""

    def __init__(self) -> None:
        self.email: str | None = "Hana.Rees@Risley.example"
        self.refusal: Refused | None = None
        self.filed: dict[str, tuple[str, str, str]] = {}

    def call(self, _service: str, operation: str, **arguments: Any) -> Any:
        if self.refusal is not None:
            raise self.refusal
        return getattr(self, operation)(**arguments)

    def get_enquiry(self, reference: str) -> dict[str, Any]:
        if reference != REF:
            raise Refused("not_found", "There is no such enquiry.")
        return {"reference": reference, "contact": {"email": self.email, "status": "active"}}

    def get_facilitator(self, facilitator: str) -> dict[str, Any]:
        return {"id": facilitator, "email": "tom@facilitators.example"}

    def log_answer(self, reference: str, words: str, actor: str, idempotency_key: str) -> None:
        if "A1234BC" in words:
            raise Refused("invalid", "Please take out the prison number.")
        self.filed[idempotency_key] = ("answer", reference, words)

    def add_note(self, reference: str, words: str, actor: str, idempotency_key: str) -> None:
        self.filed[idempotency_key] = ("note", reference, words)


class Moving:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'notifications.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    database = Database(make_url(url))
    metadata.create_all(database.engine)
    yield Store(database, messaging, Moving(), "notifications")
    database.close()


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
def desk(store, others) -> Desk:
    return Desk(store, others.call, KEYS, "ops@mail.example.org")


def sent(store: Store, state: MessageState = MessageState.ACCEPTED, **changes: Any) -> None:
    """Put the message into the ledger that the samples are about."""
    message = Message(
        id=MESSAGE,
        recipient=f"enquirer:{REF}",
        occasion="reply:1",
        version=1,
        template="reply_written",
        subject_ref=f"enquiry:{REF}",
        due_at=NOW,
        useful_until=None,
        state=state,
        why=None,
        attempts=1,
        message_id=MESSAGE_ID,
        facts={"reference": REF},
        accepted_at=NOW - dt.timedelta(hours=2),
        person="contact:0192f0c8-0000-7000-8000-000000000001",
    )
    with store.database.writing() as connection:
        connection.execute(insert(messages).values(message_row(replace(message, **changes))))


def taken(desk: Desk, raw: bytes) -> str:
    return take(read(raw, token_in=message_of, ours=OURS), desk).value


def state(store: Store) -> tuple[str, str | None]:
    with store.database.reading() as connection:
        row = connection.execute(select(messages.c.state, messages.c.why).where(messages.c.id == MESSAGE)).one()
    return row.state, row.why


def told(store: Store) -> list[tuple[str, dict[str, Any]]]:
    outbox = messaging.outbox
    with store.database.reading() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.event_id)).all()
    return [(row.type, json.loads(row.envelope)["data"]) for row in rows]


def types(store: Store) -> list[str]:
    return sorted(each for each, _data in told(store))


def held_back(store: Store, address: str = ADDRESS, keys: tuple[str, ...] = KEYS) -> str | None:
    with store.database.reading() as connection:
        return suppressed_because(connection, address, keys)


@pytest.mark.parametrize("raw", [postfix(), QMAIL], ids=["a report", "a bounce of an older shape"])
def test_a_permanent_bounce_settles_the_message_and_holds_the_address_back(store, desk, raw):
    sent(store)

    assert taken(desk, raw) == "bounced"

    why = "It came back with 5.1.1: there is no such mailbox."
    assert state(store) == ("bounced", why)
    assert held_back(store) == why
    assert held_back(store, " HANA.rees@risley.EXAMPLE") == why
    assert held_back(store, "hub@risley.example") is None
    assert "recipient_bounced" in types(store)


def test_the_address_is_stored_nowhere_in_clear(store, desk):
    sent(store)
    taken(desk, postfix())
    taken(desk, reply())

    with store.database.reading() as connection:
        kept = [row for table in metadata.sorted_tables for row in connection.execute(select(table)).all()]
    assert kept
    assert "risley" not in str(kept).lower()
    assert "Thursdays" not in str(kept)


def test_a_bounce_without_verp_counts_where_it_names_the_address_of_the_message(store, desk):
    sent(store)

    raw = postfix(to=NOT_OURS, original=ORIGINAL.replace("bounces+", "x"))
    assert taken(desk, raw) == "bounced"
    assert held_back(store) is not None


def test_a_forged_report_about_a_message_that_we_never_sent_changes_nothing(store, desk):
    assert taken(desk, postfix()) == "unmatched"

    assert (held_back(store), told(store)) == (None, [])


def test_a_forged_report_about_somebody_elses_address_holds_nobody_back(store, desk):
    sent(store)

    raw = postfix(to=NOT_OURS, recipient="governor@risley.example", original=ORIGINAL.replace("bounces+", "x"))
    assert taken(desk, raw) == "not_believed"

    assert state(store) == ("accepted", None)
    assert (held_back(store), held_back(store, "governor@risley.example"), told(store)) == (None, None, [])


def test_a_bounce_of_an_address_that_theirs_is_forwarded_to_asks_a_person_and_holds_nobody_back(store, desk):
    sent(store)

    assert taken(desk, postfix(recipient="elsewhere@other.example")) == "bounced"

    assert state(store)[0] == "bounced"
    assert (held_back(store), held_back(store, "elsewhere@other.example")) == (None, None)
    assert types(store) == ["message_unsettled"]


def test_a_bounce_of_an_address_that_was_put_right_meanwhile_holds_nobody_back(store, desk, others):
    sent(store)
    others.email = "hana.new@risley.example"

    assert taken(desk, postfix()) == "bounced"
    assert (held_back(store), held_back(store, "hana.new@risley.example")) == (None, None)
    assert types(store) == ["message_unsettled"]


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "4.4.7"])
def test_what_is_not_about_the_mailbox_settles_the_message_alone(store, desk, status):
    sent(store)

    assert taken(desk, postfix(status=status, said=f"552 {status} no")) == "bounced"
    assert (state(store)[0], held_back(store)) == ("bounced", None)
    assert types(store) == ["message_unsettled"]


def test_a_delay_is_counted_and_nothing_else(store, desk):
    sent(store)

    assert taken(desk, postfix(action="delayed", status="4.4.1")) == "counted"
    assert (state(store), held_back(store), told(store)) == (("accepted", None), None, [])


@pytest.mark.parametrize("raw", [postfix(action="delivered", status="2.0.0"), RECEIPT], ids=["report", "receipt"])
def test_a_report_that_it_arrived_is_believed_of_the_right_address(store, desk, raw):
    sent(store)

    assert taken(desk, raw) == "delivered"
    assert state(store)[0] == "delivered"


@pytest.mark.parametrize("stands", [MessageState.SCHEDULED, MessageState.FAILED, MessageState.SUPPRESSED])
def test_a_report_of_a_message_that_did_not_go_out_is_only_counted(store, desk, stands):
    sent(store, stands, accepted_at=None)

    assert taken(desk, postfix()) == "counted"
    assert (state(store)[0], held_back(store), told(store)) == (stands.value, None, [])


def test_a_bounce_after_a_report_that_it_arrived_counts(store, desk):
    sent(store)

    assert taken(desk, postfix(action="delivered", status="2.0.0").replace(b"4F1C2A@", b"other@")) == "delivered"
    assert taken(desk, postfix()) == "bounced"
    assert state(store)[0] == "bounced"


def test_the_same_mail_takes_effect_once(store, desk, others):
    sent(store)

    assert [taken(desk, postfix()) for _ in range(3)] == ["bounced"] * 3
    assert [taken(desk, reply()) for _ in range(3)] == ["filed"] * 3

    assert types(store).count("recipient_bounced") == 1
    assert len(others.filed) == 1


def test_a_bounce_of_a_facilitators_mail_asks_a_person(store, desk):
    sent(store, recipient="facilitator:tom", subject_ref="run:1", facts={"enquiry": REF}, person=None)

    assert taken(desk, postfix(recipient="tom@facilitators.example")) == "bounced"
    [(kind, data)] = told(store)
    assert (kind, data["kind"], data["about"], data["state"]) == ("message_unsettled", "facilitator", REF, "bounced")
    assert held_back(store, "tom@facilitators.example") is not None


def test_a_bounce_of_a_contacts_digest_holds_their_address_back(store, desk):
    part = {"id": UUID(int=5), "message_id": "<part@mail.example.org>", "occasion": "reply:2", "told_in": MESSAGE}
    sent(store, recipient="contact:1", occasion="digest:contact:1", subject_ref="contact:1", facts={})
    sent(store, MessageState.SUPERSEDED, **part)

    assert taken(desk, postfix()) == "bounced"
    assert (state(store)[0], held_back(store) is not None) == ("bounced", True)


def test_our_own_mailbox_is_never_held_back(store, desk):
    sent(store, recipient="ops", person=None)

    assert taken(desk, postfix(recipient="ops@mail.example.org")) == "bounced"
    assert (state(store)[0], held_back(store, "ops@mail.example.org")) == ("bounced", None)


def test_whoever_calls_a_message_unwanted_gets_only_what_they_must_know(store, desk):
    sent(store)
    person = "contact:0192f0c8-0000-7000-8000-000000000001"
    with store.work() as work:
        change(work, person, Preferences(channel=Way.PHONE), by=person)

    assert taken(desk, COMPLAINT) == "complained"
    with store.database.reading() as connection:
        chosen = preferences_of(connection, person)
    assert (chosen.non_critical, chosen.channel) == (False, Way.PHONE)
    assert state(store)[0] == "accepted"


def test_a_forged_complaint_changes_nothing(store, desk):
    sent(store)
    raw = COMPLAINT.replace(b"bounces+", b"x").replace(b"Original-Rcpt-To: <hana.rees@", b"Original-Rcpt-To: <eve@")

    assert taken(desk, raw) == "not_believed"
    with store.database.reading() as connection:
        assert preferences_of(connection, "contact:0192f0c8-0000-7000-8000-000000000001").non_critical


def test_a_reply_is_filed_with_the_enquiry_of_the_message_that_it_answers(store, desk, others):
    sent(store)

    assert taken(desk, reply(to="ops@mail.example.org", subject="RE: hello")) == "filed"
    assert list(others.filed.values()) == [("answer", REF, "Thursdays suit us better.")]


def test_a_reply_from_another_address_says_so(desk, others):
    assert taken(desk, reply(sender="hub@risley.example", answers="")) == "filed"
    [(_kind, _reference, words)] = others.filed.values()
    assert words == "Thursdays suit us better.\n\n(Written by hub@risley.example, not from the contact's address.)"


def test_a_reply_to_a_digest_is_filed_by_the_reference_that_it_names(store, desk, others):
    sent(store, recipient="contact:1", occasion="digest:contact:1", subject_ref="contact:1", facts={})

    assert taken(desk, reply()) == "filed"
    assert [(kind, reference) for kind, reference, _words in others.filed.values()] == [("answer", REF)]


def put_into_a_digest(store: Store, *references: str) -> None:
    sent(
        store, recipient="contact:1", occasion="digest:contact:1", template="digest", subject_ref="contact:1", facts={}
    )
    for number, reference in enumerate(references, 5):
        sent(
            store,
            MessageState.SUPERSEDED,
            id=UUID(int=number),
            message_id=f"<part-{number}@mail.example.org>",
            recipient=f"enquirer:{reference}",
            subject_ref=f"enquiry:{reference}",
            occasion=f"reply:{number}",
            told_in=MESSAGE,
        )


NAMELESS = {"to": "ops@mail.example.org", "subject": "RE: Your news of Friday"}


def test_a_reply_to_a_digest_of_one_enquiry_is_filed_with_that(store, desk, others):
    put_into_a_digest(store, REF, REF)

    assert taken(desk, reply(**NAMELESS)) == "filed"
    assert [(kind, reference) for kind, reference, _words in others.filed.values()] == [("answer", REF)]


def test_a_reply_to_a_digest_of_several_is_told_of_so_that_somebody_reads_it(store, desk, others):
    put_into_a_digest(store, REF, "KT-4444-44")

    assert taken(desk, reply(**NAMELESS)) == "not_filed"
    [(kind, data)] = told(store)
    assert (kind, data["about"], data["state"], data["kind"]) == ("message_unsettled", "", "unread", "contact")
    assert others.filed == {}


def test_a_facilitators_reply_about_no_enquiry_is_told_of_so_that_somebody_reads_it(store, desk):
    sent(
        store, recipient="facilitator:tom", subject_ref="facilitator:tom", facts={}, template="expiry_near_facilitator"
    )

    assert taken(desk, reply(sender="tom@facilitators.example", **NAMELESS)) == "not_filed"
    assert [(data["state"], data["kind"]) for _kind, data in told(store)] == [("unread", "facilitator")]


def test_a_facilitators_reply_is_a_note_that_stops_no_clock(store, desk, others):
    sent(store, recipient="facilitator:tom", subject_ref="run:1", facts={"enquiry": REF}, person=None)

    assert taken(desk, reply(sender="tom@facilitators.example")) == "filed"
    [(kind, reference, words)] = others.filed.values()
    assert (kind, reference) == ("note", REF)
    assert words.endswith("(A facilitator wrote this, by mail.)")


def test_our_own_answer_to_what_ops_was_told_is_not_filed(store, desk, others):
    sent(store, recipient="ops", person=None)

    assert taken(desk, reply(sender="priya@mail.example.org")) == "counted"
    assert others.filed == {}


def test_a_mail_about_nothing_that_we_know_stays_in_the_mailbox(desk, others):
    assert taken(desk, reply(to="ops@mail.example.org", subject="Hello", answers="<other@x.example>")) == "unmatched"
    assert others.filed == {}


def test_a_reply_that_may_not_be_kept_is_told_of_without_its_words(store, desk):
    assert taken(desk, reply("He is A1234BC.")) == "not_filed"

    [(kind, data)] = told(store)
    assert (kind, data["about"], data["state"], data["kind"]) == ("message_unsettled", REF, "unread", "contact")
    assert "A1234BC" not in str(data)


def test_mail_of_unknown_references_asks_a_person_once_a_day(store, desk):
    for at, subject in enumerate(["KT-4444-44", "KT-5555-55"]):
        raw = reply(to="ops@mail.example.org", subject=subject.replace("5", "6"), answers="", message_id=f"<{at}@x>")
        assert taken(desk, raw) == "not_filed"

    subjects = {data["message_id"] for _kind, data in told(store)}
    assert (len(told(store)), len(subjects)) == (2, 1)
    assert {data["about"] for _kind, data in told(store)} == {""}


def test_a_reply_waits_while_enquiries_is_away_and_is_filed_afterwards(store, desk, others):
    others.refusal = Refused("unavailable", "Enquiries is not running.")

    assert [taken(desk, reply()) for _ in range(2)] == ["waiting", "waiting"]
    assert told(store) == []

    others.refusal = None
    assert taken(desk, reply()) == "filed"
    with store.database.reading() as connection:
        rows = connection.execute(select(answers_read)).all()
    assert [(row.outcome, row.about) for row in rows] == [("filed", REF)]


def test_after_a_day_of_waiting_a_person_is_asked_to_read_it(store, desk, others):
    others.refusal = Refused("unavailable", "Enquiries is not running.")
    assert taken(desk, reply()) == "waiting"

    store.clock.now += dt.timedelta(hours=25)
    assert taken(desk, reply()) == "not_filed"
    assert types(store) == ["message_unsettled"]


def test_a_bounce_waits_while_nobody_can_say_whose_the_address_is(store, desk, others):
    sent(store)
    others.refusal = Refused("unavailable", "Enquiries is not running.")
    assert taken(desk, postfix()) == "waiting"
    assert state(store) == ("accepted", None)

    others.refusal = None
    assert taken(desk, postfix()) == "bounced"
    assert held_back(store) is not None


def test_an_automatic_answer_is_noted_once_a_week_and_sends_nothing(store, desk, others):
    sent(store)

    assert taken(desk, AWAY) == "noted"
    assert taken(desk, AWAY.replace(b"away.1", b"away.2")) == "counted"
    store.clock.now += dt.timedelta(days=8)
    assert taken(desk, AWAY.replace(b"away.1", b"away.3")) == "noted"

    assert [kind for kind, _reference, _words in others.filed.values()] == ["note", "note"]
    assert (told(store), state(store)[0]) == ([], "accepted")


def test_an_automatic_answer_that_may_not_be_kept_is_only_counted(store, desk, others):
    sent(store)
    others.refusal = Refused("invalid", "Please take out the prison number.")

    assert taken(desk, AWAY) == "counted"
    assert told(store) == []


def test_where_the_effect_fails_the_mail_is_not_marked_and_is_taken_again(store, desk, monkeypatch):
    sent(store)
    monkeypatch.setattr(
        "services.notifications.handlers.reports.suppress", lambda *_args: (_ for _ in ()).throw(RuntimeError("broken"))
    )
    with pytest.raises(RuntimeError, match="broken"):
        taken(desk, postfix())
    assert (state(store)[0], told(store)) == ("accepted", [])

    monkeypatch.undo()
    assert taken(desk, postfix()) == "bounced"


def test_an_address_that_was_held_back_under_the_older_key_still_is(store, desk):
    sent(store)
    taken(replace(desk, keys=KEYS[1:]), postfix())

    assert held_back(store) is not None
    assert held_back(store, keys=KEYS[:1]) is None


def test_what_is_known_of_mail_that_was_read_is_let_go_of_in_time(store, desk):
    sent(store)
    taken(desk, postfix())
    store.clock.now = NOW + KEPT_FOR
    taken(desk, reply())

    assert forget_old(store) == 0
    store.clock.now += dt.timedelta(seconds=1)
    assert forget_old(store) == 1

    with store.database.reading() as connection:
        assert list(connection.scalars(select(answers_read.c.kind))) == ["reply"]


def test_a_person_who_is_written_to_again_and_bounces_again_is_held_back_again(store, desk):
    sent(store)
    taken(desk, postfix())
    with store.work() as work:
        lifted = lift(work, str(MESSAGE), "The mailbox was opened again.", actor="priya")
    assert (lifted.lifted_by, held_back(store)) == ("priya", None)

    with store.database.writing() as connection:
        connection.execute(update(messages).values(state="accepted"))
    taken(desk, postfix().replace(b"4F1C2A@", b"later@"))
    assert held_back(store) is not None
