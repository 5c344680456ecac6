"""A batch that is sent without waiting for each answer ends as one that is, whatever fails in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, String, Table, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from shared.contracts.enquiries import StageChanged
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Inbox
from shared.messaging.tables import messaging_tables
from shared.persistence.database import Database
from shared.persistence.pipeline import pipelined
from shared.persistence.types import new_metadata
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import Store

metadata = new_metadata()
messaging = messaging_tables(metadata)
notes = Table("notes", metadata, Column("id", Integer, primary_key=True), Column("what", String(20), unique=True))
NOTE = notes.insert().inline()


@pytest.fixture
def store(postgres) -> Iterator[Store]:
    url = make_url(postgres.new_database("pipeline")).set(drivername="postgresql+psycopg")
    database = Database(url, pool_size=4)
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: datetime.now(UTC), "scheduling")
    database.close()


def moved(reference: str) -> Envelope:
    event = StageChanged(reference, "new", "won")
    return Envelope.of(event, id=uuid4(), source="enquiries", subject=reference, sequence=1, time=datetime.now(UTC))


def noted(store: Store) -> list[str]:
    with store.database.reading() as connection:
        return list(connection.scalars(select(notes.c.what).order_by(notes.c.id)))


def states(store: Store) -> dict[str, str]:
    with store.database.reading() as connection:
        return {row.subject: row.state for row in connection.execute(select(messaging.inbox))}


def test_statements_are_sent_in_their_order_and_answers_are_there_when_asked_for(store):
    with store.database.writing() as connection, pipelined(connection):
        connection.execute(NOTE, {"what": "first"})
        assert connection.scalar(select(func.count()).select_from(notes)) == 1
        assert insert_or_leave(connection, notes, {"what": "second"})
        assert not insert_or_leave(connection, notes, {"what": "first"})
        changed = connection.execute(notes.update().where(notes.c.what == "second").values(what="third"))
        assert changed.rowcount == 1
        assert connection.execute(notes.insert().returning(notes.c.what), {"what": "last"}).scalar_one() == "last"

    assert noted(store)[:2] == ["first", "third"]


def test_a_failure_that_is_told_late_undoes_the_whole_block(store):
    def two_of_a_kind() -> None:
        with store.database.writing() as connection, pipelined(connection):
            connection.execute(NOTE, {"what": "one"})
            connection.execute(NOTE, {"what": "one"})
            connection.execute(NOTE, {"what": "another"})

    with pytest.raises(IntegrityError):
        two_of_a_kind()

    assert noted(store) == []
    with store.database.writing() as connection:
        connection.execute(NOTE, {"what": "one"})
    assert noted(store) == ["one"]


@pytest.mark.parametrize("bad", ["KT-0", "KT-4", "KT-9"])
def test_an_event_that_the_database_refuses_costs_only_itself(store, bad):
    def note(work, event) -> None:
        what = "taken" if event.reference == bad else event.reference
        work.connection.execute(NOTE, {"what": what})

    with store.database.writing() as connection:
        connection.execute(NOTE, {"what": "taken"})

    Inbox(store, {"stage_changed": note}).receive([moved(f"KT-{number}") for number in range(10)])

    assert {subject for subject, state in states(store).items() if state == "waiting"} == {bad}
    assert len(noted(store)) == 10


def test_a_handler_that_meets_a_clash_in_a_savepoint_goes_on(store):
    def note(work, event) -> None:
        try:
            with work.connection.begin_nested():
                work.connection.execute(notes.insert(), {"what": "taken"})
        except IntegrityError:
            work.connection.execute(NOTE, {"what": event.reference})

    with store.database.writing() as connection:
        connection.execute(NOTE, {"what": "taken"})

    Inbox(store, {"stage_changed": note}).receive([moved("KT-1"), moved("KT-2")])

    assert noted(store) == ["taken", "KT-1", "KT-2"]
    assert set(states(store).values()) == {"handled"}
