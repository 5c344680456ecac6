"""A dry run of a change: all is done and refused as it would be, nothing stays, and the news are told to who asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from nameko.exceptions import IncorrectSignature
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from sqlalchemy import Column, Integer, String, Table, func, select
from sqlalchemy.engine import URL, make_url

from shared.contracts.base import contract_of
from shared.contracts.enquiries import ContactLeft
from shared.doors.rpc import change, change_at_once
from shared.errors import Refused
from shared.messaging.tables import messaging_tables
from shared.persistence.database import JOBS, OUTBOX, Database
from shared.persistence.types import new_metadata
from shared.persistence.work import Store

LEFT = contract_of(ContactLeft).load(contract_of(ContactLeft).sample)
NOW = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)


@dataclass
class Shop:
    """Takes orders, and tells of each."""

    store: Store
    orders: Table
    closed: bool = False
    name: str = "shop"

    @change
    def order(self, what: str) -> dict[str, Any]:
        """Take an order."""
        with self.store.work() as work:
            number = work.connection.execute(
                self.orders.insert().values(what=what).returning(self.orders.c.id)
            ).scalar()
            work.record(LEFT, subject=str(UUID(int=1)), sequence=1)
            work.schedule("deliver", what, NOW)
            if self.closed:
                raise Refused("refused", "We are closed.")
            return work.answer({"order": number, "what": what})

    @change
    def order_two(self, what: str) -> list[str]:
        """Take two, in a transaction each, and have the one looked at first."""
        with self.store.work(trial=True) as work:
            work.record(LEFT, subject=str(UUID(int=1)), sequence=1)
        with self.store.database.writing() as connection:
            connection.execute(self.orders.insert().values(what=what))
        with self.store.work() as work:
            work.connection.execute(self.orders.insert().values(what=what))
            return work.answer([what, what])

    @change_at_once
    def ship(self, what: str) -> dict[str, Any]:
        """Send it off: nothing brings that back."""
        with self.store.work() as work:
            work.connection.execute(self.orders.insert().values(what=what))
            return work.answer({})

    def count(self) -> list[int]:
        tables = (self.orders, self.store.tables.outbox, self.store.tables.jobs, self.store.tables.answers)
        with self.store.database.reading() as connection:
            return [int(connection.scalar(select(func.count()).select_from(each))) for each in tables]


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request, tmp_path) -> Iterator[Shop]:
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path / "shop.sqlite3"))
    else:
        url = make_url(request.getfixturevalue("postgres").new_database("shop")).set(drivername="postgresql+psycopg")
    metadata = new_metadata()
    tables = messaging_tables(metadata)
    orders = Table("orders", metadata, Column("id", Integer, primary_key=True), Column("what", String(50)))
    database = Database(url)
    metadata.create_all(database.engine)
    yield Shop(Store(database, tables, lambda: NOW, "shop"), orders)
    database.close()


def test_a_dry_run_answers_as_the_change_would_with_its_news_and_nothing_stays(shop):
    woken: list[str] = []
    for topic in (OUTBOX, JOBS):
        shop.store.database.when_told(topic, lambda: woken.append("woken"))

    tried = shop.order("tea", dry_run=True)

    assert (tried["order"], tried["what"]) == (1, "tea")
    [news] = tried["news"]
    assert (news["type"], news["data"]) == ("contact_left", dict(contract_of(ContactLeft).dump(LEFT)))
    assert shop.count() == [0, 0, 0, 0]
    assert woken == []


def test_the_change_itself_can_be_made_after_it(shop):
    shop.order("tea", dry_run=True, idempotency_key="k-1")
    made = shop.order("tea", idempotency_key="k-1")

    assert "news" not in made
    assert shop.count() == [1, 1, 1, 1]


def test_a_dry_run_under_the_key_of_a_change_that_was_made_is_no_repeat_of_it(shop):
    shop.order("tea", idempotency_key="k-1")
    shop.closed = True

    with pytest.raises(Refused, match="We are closed"):
        shop.order("tea", idempotency_key="k-1", dry_run=True)


def test_a_dry_run_is_refused_what_the_change_would_be(shop):
    shop.closed = True

    with pytest.raises(Refused, match="We are closed"):
        shop.order("tea", dry_run=True)
    shop.closed = False
    assert shop.order("tea")["what"] == "tea"
    assert shop.count()[0] == 1


def test_whatever_a_change_writes_is_undone_and_a_trial_of_its_own_is_no_news(shop):
    assert shop.order_two("tea", dry_run=True) == ["tea", "tea"]
    assert shop.count() == [0, 0, 0, 0]
    shop.order_two("tea")
    assert shop.count()[0] == 2


def test_what_reaches_beyond_the_database_is_not_tried(shop):
    with pytest.raises(Refused) as caught:
        shop.ship("tea", dry_run=True)

    assert list(caught.value.fields) == ["dry_run"]
    assert shop.count()[0] == 0
    shop.ship("tea")
    assert shop.count()[0] == 1


@pytest.mark.parametrize("given", ["true", "yes", 1, 0, None, []])
def test_who_means_a_dry_run_and_writes_it_otherwise_has_nothing_done(shop, given):
    with pytest.raises(Refused) as caught:
        shop.order("tea", dry_run=given)

    assert caught.value.fields == {"dry_run": ["Write dry_run as true or false."]}
    assert shop.count() == [0, 0, 0, 0]


def test_every_change_may_be_called_as_a_dry_run():
    (entrypoint,) = getattr(Shop.order, ENTRYPOINT_EXTENSIONS_ATTR)
    bound = type(entrypoint)()
    bound.container, bound.method_name = type("Container", (), {"service_cls": Shop}), "order"

    bound.check_signature([], {"what": "tea", "dry_run": True})
    with pytest.raises(IncorrectSignature):
        bound.check_signature([], {"what": "tea", "dry": True})
