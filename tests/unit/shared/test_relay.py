"""The outbox reaches every subscriber; a row is marked only when each has committed it."""

from __future__ import annotations

import threading

import pytest

from shared.contracts.enquiries import EnquiryReceived
from shared.messaging import relay as relay_module
from shared.messaging.carriers import DirectCarrier
from shared.messaging.relay import Relay
from tests.waiting import eventually


@pytest.fixture
def subscribers(scheduling):
    return {"scheduling": scheduling.inbox().receive}


@pytest.fixture
def relay(enquiries, subscribers):
    return Relay(enquiries.store, DirectCarrier(subscribers))


def _receive_an_enquiry(office):
    event = EnquiryReceived("KT-1", "many-faces-of-trauma", None, 10, None, None, None, office.clock.at)
    with office.store.work() as work:
        work.record(event, subject="KT-1", sequence=1)


class _Away:
    """A carrier whose broker is away."""

    def carry(self, rows):
        raise ConnectionError("no broker")

    def close(self):
        """Nothing is held."""


class _PowerCut(DirectCarrier):
    """Hands everything over, and then the process is gone before the row can be marked."""

    __slots__ = ()

    def carry(self, rows):
        DirectCarrier.carry(self, rows)
        raise SystemError("power cut")


def test_news_reaches_its_subscriber_in_order_and_is_marked(enquiries, scheduling, relay):
    enquiries.tell("KT-2 won", "KT-1 won")

    assert relay.relay_once() == (2, False)

    assert scheduling.done() == ["KT-2 won", "KT-1 won"]
    assert enquiries.news(published=False) == []


def test_what_is_marked_is_not_carried_again(enquiries, scheduling, relay):
    enquiries.tell("KT-1 won")
    relay.relay_once()

    assert relay.relay_once() == (0, False)
    assert scheduling.done() == ["KT-1 won"]


def test_a_row_is_marked_only_when_every_subscriber_has_committed(enquiries, relay, subscribers):
    told = []
    subscribers["scheduling"] = lambda _batch: told.append("scheduling")
    _receive_an_enquiry(enquiries)

    assert relay.relay_once() == (0, True)
    assert len(enquiries.news(published=False)) == 1

    subscribers["notifications"] = lambda _batch: told.append("notifications")
    assert relay.relay_once() == (1, False)
    assert enquiries.news(published=False) == []
    assert told == ["scheduling", "notifications", "scheduling"]


def test_a_subscriber_that_is_not_there_yet_gets_its_news_later(enquiries, scheduling, relay, subscribers):
    receive = subscribers.pop("scheduling")
    enquiries.tell("KT-1 won")
    assert relay.relay_once() == (0, True)

    subscribers["scheduling"] = receive

    assert relay.relay_once() == (1, False)
    assert scheduling.done() == ["KT-1 won"]


def test_a_subscriber_that_is_busy_holds_up_nobody_else(enquiries, scheduling, relay, subscribers):
    def busy(_batch):
        raise OSError("the database is away")

    subscribers["notifications"] = busy
    _receive_an_enquiry(enquiries)
    enquiries.tell("KT-2 won")

    assert relay.relay_once() == (1, True)

    assert scheduling.done() == ["KT-2 won"]
    assert [news.type for news in enquiries.news(published=False)] == ["enquiry_received"]


def test_what_is_carried_again_after_a_crash_is_dropped_by_the_inbox(enquiries, scheduling, relay, subscribers):
    enquiries.tell("KT-1 won", "KT-2 won")
    with pytest.raises(SystemError, match="power cut"):
        Relay(enquiries.store, _PowerCut(subscribers)).relay_once()
    assert len(enquiries.news(published=False)) == 2

    assert relay.relay_once() == (2, False)

    assert scheduling.done() == ["KT-1 won", "KT-2 won"]


def test_nothing_is_marked_while_the_broker_is_away(enquiries):
    enquiries.tell("KT-1 won")

    with pytest.raises(ConnectionError):
        Relay(enquiries.store, _Away()).relay_once()

    assert len(enquiries.news(published=False)) == 1


def test_a_backlog_goes_out_batch_by_batch(enquiries, scheduling, subscribers, monkeypatch):
    monkeypatch.setattr(relay_module, "BATCH", 2)
    relay = Relay(enquiries.store, DirectCarrier(subscribers))
    enquiries.tell("KT-1 won", "KT-2 won", "KT-3 won")

    assert [relay.relay_once()[0] for _ in range(3)] == [2, 1, 0]
    assert scheduling.done() == ["KT-1 won", "KT-2 won", "KT-3 won"]


def test_a_commit_wakes_the_relay_and_stop_ends_it(enquiries, scheduling, relay, monkeypatch):
    monkeypatch.setattr(relay_module, "POLL", 600.0)
    thread = threading.Thread(target=relay.run, daemon=True)
    thread.start()

    enquiries.tell("KT-1 won")
    eventually(lambda: not enquiries.news(published=False), within=10)
    enquiries.tell("KT-2 won")
    eventually(lambda: not enquiries.news(published=False), within=10)
    relay.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert scheduling.done() == ["KT-1 won", "KT-2 won"]
