"""Addresses that are not written to are known by a keyed hash, and an operator lifts one with a reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from services.notifications.domain.answers import Kind
from services.notifications.domain.messages import Message
from services.notifications.domain.suppressing import address_hashes
from services.notifications.handlers.answering import Outcome
from services.notifications.handlers.erasing import when_person_erased
from services.notifications.handlers.suppressions import lift, suppress
from services.notifications.queries.answers import get_mailbox, list_answers
from services.notifications.queries.suppressions import list_suppressions, suppressed_because
from services.notifications.tables import answers_read, mailbox_positions, message_row, messages, messaging, metadata
from shared.contracts.enquiries import PersonErased
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store

NOW = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
KEYS = ("a key of many characters",)
WHY = "It came back with 5.1.1: there is no such mailbox."
HANA, TOM = "hana@risley.example", "tom@facilitators.example"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'notifications.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    database = Database(make_url(url))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NOW, "notifications")
    database.close()


def hold_back(store: Store, address: str, message: UUID | None = None) -> None:
    with store.work() as work:
        suppress(work, address, WHY, message, KEYS)


def listed(store: Store, *, lifted: bool = False) -> list[dict]:
    with store.database.reading() as connection:
        return list_suppressions(connection, limit=100, lifted=lifted)


def test_an_address_is_known_whatever_its_letters_and_only_with_the_key():
    [hash_] = address_hashes(KEYS, HANA)

    assert address_hashes(KEYS, "  Hana@RISLEY.example ") == [hash_]
    assert address_hashes(["another key of many characters"], HANA) != [hash_]
    assert "hana" not in hash_


def test_the_list_says_whose_it_is_by_the_message_and_gives_no_address(store, message: Message):
    with store.database.writing() as connection:
        connection.execute(insert(messages).values(message_row(message)))
    hold_back(store, HANA, message.id)

    [row] = listed(store)

    assert (row["recipient"], row["why"], row["message"]) == ("facilitator:tom", WHY, str(message.id))
    assert "hana" not in str(row)


def test_one_that_is_held_back_already_stays_as_it_was(store):
    hold_back(store, HANA, UUID(int=1))
    hold_back(store, HANA, UUID(int=2))

    assert [row["message"] for row in listed(store)] == [str(UUID(int=1))]


def test_lifting_by_the_beginning_of_its_id_or_by_its_message_lets_it_be_written_to(store):
    hold_back(store, HANA, UUID(int=1))
    hold_back(store, TOM, UUID(int=2))
    ids = {row["message"]: row["id"] for row in listed(store)}

    with store.work() as work:
        lift(work, ids[str(UUID(int=1))][:8].upper(), "The mailbox was opened again.", actor="priya")
        lift(work, str(UUID(int=2)), "Tom rang.", actor="priya")

    assert listed(store) == []
    assert [row["lifted_by"] for row in listed(store, lifted=True)] == ["priya", "priya"]
    with store.database.reading() as connection:
        assert [suppressed_because(connection, each, KEYS) for each in (HANA, TOM)] == [None, None]


@pytest.mark.parametrize(
    ("which", "reason", "code"),
    [
        ("0000", "Opened again.", "invalid"),
        ("", "Opened again.", "invalid"),
        ("%%%%%%%%", "Opened again.", "invalid"),
        ("ffffffffffffffff", "Opened again.", "not_found"),
        (str(UUID(int=9)), "Opened again.", "not_found"),
        (str(UUID(int=1)), " ", "invalid"),
        (str(UUID(int=1)), "x" * 501, "invalid"),
        (str(UUID(int=3)), "Opened again.", "conflict"),
    ],
)
def test_what_cannot_be_lifted_is_refused_with_the_reason(store, which, reason, code):
    hold_back(store, HANA, UUID(int=1))
    hold_back(store, TOM, UUID(int=3))
    hold_back(store, "ana@facilitators.example", UUID(int=3))

    with pytest.raises(Refused) as refused, store.work() as work:
        lift(work, which, reason, actor="priya")

    assert refused.value.code == code
    assert len(listed(store)) == 3


def test_what_is_lifted_already_is_not_lifted_again(store):
    hold_back(store, HANA, UUID(int=1))
    with store.work() as work:
        lift(work, str(UUID(int=1)), "Opened again.", actor="priya")

    with pytest.raises(Refused, match="lifted before"), store.work() as work:
        lift(work, str(UUID(int=1)), "Opened again.", actor="tom")


def test_of_whoever_is_erased_nothing_is_remembered(store, message: Message):
    theirs = replace(message, id=UUID(int=1), recipient="enquirer:KT-7F3K-92", message_id="<1@mail.example.org>")
    with store.database.writing() as connection:
        connection.execute(insert(messages), [message_row(theirs), message_row(replace(message, id=UUID(int=2)))])
    hold_back(store, HANA, UUID(int=1))
    hold_back(store, TOM, UUID(int=2))

    with store.work() as work:
        when_person_erased(work, PersonErased(UUID(int=8), ("KT-7F3K-92",), (UUID(int=7),)))

    assert [row["recipient"] for row in listed(store)] == ["facilitator:tom"]


def test_what_was_read_is_listed_by_what_it_was_and_became(store):
    rows = [("1", "report", "bounced"), ("2", "reply", "filed"), ("3", "reply", "not_filed")]
    with store.database.writing() as connection:
        for mark, kind, outcome in rows:
            values = {"id": UUID(int=int(mark)), "mark": mark, "kind": kind, "outcome": outcome, "read_at": NOW}
            connection.execute(insert(answers_read).values(about="KT-7F3K-92", **values))

    with store.database.reading() as connection:
        found = {
            (kind, outcome): [row["id"] for row in list_answers(connection, limit=10, kind=kind, outcome=outcome)]
            for kind, outcome in ((None, None), (Kind.REPLY, None), (None, Outcome.FILED), ("reply", "not_filed"))
        }
        with pytest.raises(Refused, match="There is no outcome 'lost'"):
            list_answers(connection, limit=10, outcome="lost")
    assert [len(each) for each in found.values()] == [3, 2, 1, 1]


def test_the_mailbox_says_when_it_was_read_and_what_came_of_it(store):
    with store.database.writing() as connection:
        position = {"mailbox": "mail.example/INBOX (1)", "uid_validity": 1, "last_uid": 1, "read_at": NOW}
        connection.execute(insert(mailbox_positions).values(position))
        for at, days in enumerate((1, 6, 8)):
            values = {"id": UUID(int=at), "mark": str(at), "kind": "reply", "outcome": "filed"}
            connection.execute(insert(answers_read).values(read_at=NOW - dt.timedelta(days=days), **values))

    with store.database.reading() as connection:
        read, never = (get_mailbox(connection, name, NOW) for name in ("mail.example/INBOX (1)", None))
    assert (read["is_set"], read["read_at"], read["lately"]) == (True, NOW.isoformat(), {"filed": 2})
    assert (never["is_set"], never["read_at"]) == (False, None)
