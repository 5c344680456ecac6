"""A change that comes with a key has its effect once, and everyone who brings the key gets the same answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from backbone_cast import SettableClock
from nameko.exceptions import IncorrectSignature
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from sqlalchemy import Column, Integer, String, Table, func, select
from sqlalchemy.engine import URL, make_url

from shared.doors.rpc import Change, change
from shared.errors import Refused
from shared.messaging.tables import messaging_tables
from shared.persistence.database import Database
from shared.persistence.types import new_metadata
from shared.persistence.work import Store


class Shop:
    """Takes orders, each its own row: nothing but the key stands in the way of a second one."""

    name = "shop"

    def __init__(self, url: URL) -> None:
        metadata = new_metadata()
        tables = messaging_tables(metadata)
        self.orders = Table("orders", metadata, Column("id", Integer, primary_key=True), Column("what", String(50)))
        self.database = Database(url, pool_size=8)
        metadata.create_all(self.database.engine)
        self.store = Store(self.database, tables, SettableClock(), self.name)
        self.closed = False
        self.before_the_answer = lambda: None

    @change
    def order(self, what: str, *, trial: bool = False) -> dict[str, Any]:
        """Take an order."""
        with self.store.work(trial=trial) as work:
            if self.closed:
                raise Refused("refused", "We are closed.")
            row = work.connection.execute(self.orders.insert().values(what=what).returning(self.orders.c.id))
            self.before_the_answer()
            return work.answer({"order": row.scalar_one(), "what": what})

    @change
    def rename(self, what: str) -> None:
        """Answer with nothing."""
        with self.store.work() as work:
            work.connection.execute(self.orders.insert().values(what=what))
            return work.answer(None)

    @change
    def forget_to_answer(self, what: str) -> str:
        """Do what no change should."""
        with self.store.work() as work:
            work.connection.execute(self.orders.insert().values(what=what))
        return what

    def count(self) -> int:
        with self.database.reading() as connection:
            return int(connection.scalar(select(func.count()).select_from(self.orders)))


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request, tmp_path) -> Iterator[Shop]:
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path / "shop.sqlite3"))
    else:
        url = make_url(request.getfixturevalue("postgres").new_database("shop")).set(drivername="postgresql+psycopg")
    shop = Shop(url)
    yield shop
    shop.database.close()


def test_without_a_key_each_call_has_its_effect(shop):
    assert shop.order("tea") != shop.order("tea")
    assert shop.count() == 2


def test_the_same_key_and_arguments_give_the_same_answer_and_one_effect(shop):
    first = shop.order("tea", idempotency_key="k-1")

    assert shop.order(what="tea", idempotency_key="k-1") == first
    assert shop.count() == 1


def test_a_kept_answer_is_given_without_running_the_method(shop):
    first = shop.order("tea", idempotency_key="k-1")
    shop.closed = True
    runs: list[str] = []
    shop.before_the_answer = lambda: runs.append("again")

    assert shop.order("tea", idempotency_key="k-1") == first
    shop.closed = False
    assert shop.order("tea", idempotency_key="k-1") == first
    assert runs == []


def test_an_answer_of_nothing_is_an_answer(shop):
    assert shop.rename("tea", idempotency_key="k-1") is None
    assert shop.rename("tea", idempotency_key="k-1") is None
    assert shop.count() == 1


@pytest.mark.parametrize("again", [lambda shop: shop.order, lambda shop: shop.rename])
def test_the_same_key_for_something_else_is_refused_by_its_name(shop, again):
    shop.order("tea", idempotency_key="k-1")

    with pytest.raises(Refused) as refused:
        again(shop)("coffee", idempotency_key="k-1")

    assert refused.value.code == "invalid"
    assert [*refused.value.fields] == ["idempotency_key"]
    assert shop.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "a" * 201, "naïve", "tab\t", 5, ["k"]])
def test_a_key_that_is_none_is_refused_by_its_name(shop, key):
    with pytest.raises(Refused) as refused:
        shop.order("tea", idempotency_key=key)

    assert [*refused.value.fields] == ["idempotency_key"]
    assert shop.count() == 0


def test_a_refusal_stores_nothing_so_the_same_key_runs_again(shop):
    shop.closed = True
    with pytest.raises(Refused, match="closed"):
        shop.order("tea", idempotency_key="k-1")
    shop.closed = False

    assert shop.order("tea", idempotency_key="k-1")["what"] == "tea"
    assert shop.count() == 1


def test_a_crash_before_the_commit_stores_nothing_so_the_same_key_runs_again(shop):
    def crash() -> None:
        raise RuntimeError("the power went")

    shop.before_the_answer = crash
    with pytest.raises(RuntimeError, match="power"):
        shop.order("tea", idempotency_key="k-1")
    shop.before_the_answer = lambda: None

    shop.order("tea", idempotency_key="k-1")
    assert shop.count() == 1


def test_a_refusal_after_another_was_quicker_gives_way_to_its_answer(shop):
    """The slower of two finds the work done, and would say no; what it says is what the quicker one was told."""
    told = []

    def be_overtaken() -> None:
        shop.before_the_answer = lambda: None
        told.append(shop.order("tea", idempotency_key="k-1"))
        raise Refused("refused", "It has been ordered already.")

    if shop.database.is_sqlite:
        pytest.skip("one writer at a time: nobody can be overtaken inside a transaction")
    shop.before_the_answer = be_overtaken
    with ThreadPoolExecutor(1) as pool:
        slower = pool.submit(shop.order, "tea", idempotency_key="k-1").result(timeout=30)

    assert [slower] == told
    assert shop.count() == 1


def test_many_at_once_with_one_key_have_one_effect_and_one_answer(shop):
    many = 6
    together = threading.Barrier(many)

    def order() -> dict[str, Any]:
        together.wait(timeout=30)
        return shop.order("tea", idempotency_key="k-1")

    with ThreadPoolExecutor(many) as pool:
        answers = [pending.result(timeout=60) for pending in [pool.submit(order) for _ in range(many)]]

    assert answers == [answers[0]] * many
    assert shop.count() == 1


def test_two_inside_their_transactions_at_once_have_one_effect_and_one_answer(shop):
    if shop.database.is_sqlite:
        pytest.skip("one writer at a time: two are never inside at once")
    both_inside = threading.Barrier(2)
    shop.before_the_answer = lambda: both_inside.wait(timeout=30)

    with ThreadPoolExecutor(2) as pool:
        pending = [pool.submit(shop.order, "tea", idempotency_key="k-1") for _ in range(2)]
        answers = [one.result(timeout=60) for one in pending]

    assert answers[0] == answers[1]
    assert shop.count() == 1


def test_a_trial_stores_neither_effect_nor_answer(shop, caplog):
    shop.order("tea", trial=True, idempotency_key="k-1")

    assert shop.count() == 0
    assert not caplog.records
    shop.order("coffee", idempotency_key="k-1")
    assert shop.count() == 1


def test_a_change_that_kept_no_answer_is_told_and_its_result_given_all_the_same(shop, caplog):
    with caplog.at_level(logging.ERROR):
        assert shop.forget_to_answer("tea", idempotency_key="k-1") == "tea"

    assert [record.message for record in caplog.records] == ["a change kept no answer: a repeat of it would run again"]
    assert caplog.records[0].call == "shop.forget_to_answer"


def test_nameko_takes_the_key_and_still_refuses_what_the_method_does_not_take(shop):
    (door,) = getattr(Shop.order, ENTRYPOINT_EXTENSIONS_ATTR)
    assert isinstance(door, Change)
    bound = type(door)()
    bound.container, bound.method_name = type("Container", (), {"service_cls": Shop}), "order"

    bound.check_signature([], {"what": "tea", "idempotency_key": "k-1"})
    with pytest.raises(IncorrectSignature):
        bound.check_signature([], {"what": "tea", "other": 1})
    with pytest.raises(IncorrectSignature):
        bound.check_signature([], {"idempotency_key": "k-1"})
