"""Every event that arrives takes effect once, or waits where an operator can see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, String, Table, select
from sqlalchemy.engine import URL

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.contracts.enquiries import StageChanged
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Inbox
from shared.messaging.retry import RetryPolicy
from shared.messaging.tables import messaging_tables
from shared.persistence.database import Database
from shared.persistence.types import new_metadata
from shared.persistence.work import Store

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Service:
    """A service with one handler, which notes each event and fails for those it is told to."""

    def __init__(self, folder) -> None:
        metadata = new_metadata()
        self.tables = messaging_tables(metadata)
        self.effects = Table("effects", metadata, Column("id", Integer, primary_key=True), Column("what", String(50)))
        self.database = Database(URL.create("sqlite", database=str(folder / "service.sqlite3")))
        metadata.create_all(self.database.engine)
        self.now = START
        self.failing: set[str] = set()
        self.store = Store(self.database, self.tables, lambda: self.now, "scheduling")
        policy = RetryPolicy((timedelta(seconds=1), timedelta(seconds=5)))
        self.inbox = Inbox(self.store, {"stage_changed": self.handle}, policy, chance=lambda: 0.0)

    def handle(self, work, event) -> None:
        work.connection.execute(self.effects.insert(), {"what": f"{event.reference} {event.now}"})
        work.record(event, subject=event.reference, sequence=1)
        if event.now in self.failing:
            raise RuntimeError("not today")

    def rows(self, table, column: str) -> list:
        with self.database.reading() as connection:
            return list(
                connection.scalars(select(table.c[column]).order_by(table.c[table.primary_key.columns.keys()[0]]))
            )


@pytest.fixture
def service(tmp_path) -> Service:
    return Service(tmp_path)


def changed(reference: str, now: str, sequence: int = 1) -> Envelope:
    event = StageChanged(reference=reference, was="new", now=now)
    return Envelope.of(event, id=uuid4(), source="enquiries", subject=reference, sequence=sequence, time=START)


def test_an_event_that_comes_twice_takes_effect_once(service):
    event = changed("KT-A", "won")

    service.inbox.receive([event, event])
    service.inbox.receive([event])

    assert service.rows(service.effects, "what") == ["KT-A won"]
    assert service.rows(service.tables.inbox, "state") == ["handled"]


def test_one_bad_event_costs_only_itself_and_leaves_neither_effect_nor_news(service):
    service.failing = {"lapsed"}

    service.inbox.receive([changed("KT-A", "won"), changed("KT-B", "lapsed"), changed("KT-C", "won")])

    assert service.rows(service.effects, "what") == ["KT-A won", "KT-C won"]
    assert service.rows(service.tables.inbox, "state") == ["handled", "waiting", "handled"]
    assert service.rows(service.tables.outbox, "subject") == ["KT-A", "KT-C"]


def test_later_events_of_a_subject_wait_behind_one_that_was_not_handled_and_follow_it(service):
    service.failing = {"availability"}
    service.inbox.receive([changed("KT-A", "availability")])
    service.inbox.receive([changed("KT-A", "suitability", 2), changed("KT-B", "won")])
    assert service.rows(service.effects, "what") == ["KT-B won"]

    service.failing = set()
    service.now = START + timedelta(seconds=2)
    service.inbox.retry_due()

    assert service.rows(service.effects, "what") == ["KT-B won", "KT-A availability", "KT-A suitability"]


def test_an_event_is_not_tried_before_its_time_and_is_dead_after_its_last_try(service):
    service.failing = {"won"}
    service.inbox.receive([changed("KT-A", "won")])

    assert service.inbox.retry_due() == 0
    for wait in (2, 8, 20):
        service.now = START + timedelta(seconds=wait)
        service.inbox.retry_due()

    assert service.rows(service.tables.inbox, "state") == ["dead"]
    assert service.rows(service.tables.inbox, "attempts") == [3]
    assert service.rows(service.tables.inbox, "error") == ["RuntimeError: not today"]


def test_an_event_of_a_wrong_shape_is_dead_at_once_with_its_whole_envelope(service):
    good = changed("KT-A", "won")
    bad = Envelope.from_dict({**good.as_dict(), "id": str(uuid4()), "data": {"reference": 7}})

    service.inbox.receive([bad])

    assert service.rows(service.tables.inbox, "state") == ["dead"]
    assert Envelope.from_json(service.rows(service.tables.inbox, "envelope")[0]) == bad


def test_an_event_of_a_type_that_is_not_ours_is_left_aside(service):
    other = Envelope.from_dict({**changed("KT-A", "won").as_dict(), "type": "something_else"})

    service.inbox.receive([other])

    assert service.rows(service.tables.inbox, "state") == []


def test_a_trial_leaves_nothing_behind(service):
    with service.store.work(trial=True) as work:
        service.handle(work, StageChanged("KT-A", "new", "won"))

    assert service.rows(service.effects, "what") == []
    assert service.rows(service.tables.outbox, "subject") == []
