"""The outbox reaches every subscriber; a row is marked only when each has committed it."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest

from shared.contracts.enquiries import EnquiryReceived
from shared.messaging import relay as relay_module
from shared.messaging.carriers import Delivery, DirectCarrier, NotCarried
from shared.messaging.relay import MOST_LIVES, Relay
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


class _Broker:
    """A carrier between processes; what it takes is told to it by reference."""

    most = 10
    ends_with_its_subscribers = False

    def __init__(self, **takes):
        self.takes = takes
        self.carried = []

    def carry(self, rows):
        delivery = Delivery()
        for row in rows:
            subject = json.loads(row.envelope)["subject"]
            self.carried.append(subject)
            how = self.takes.get(subject.replace("-", "_"), "arrived")
            if how == "arrived":
                delivery.arrived.add(row.seq)
            else:
                getattr(delivery, how)[row.seq] = "a reason"
        return delivery

    def close(self):
        """Nothing is held."""


class _Away(_Broker):
    """A carrier whose broker is away."""

    def carry(self, rows):
        raise ConnectionError("no broker")


class _PowerCut(DirectCarrier):
    """Hands everything over, and then the process is gone before the row can be marked."""

    __slots__ = ()

    def carry(self, rows):
        DirectCarrier.carry(self, rows)
        raise SystemError("power cut")


def test_news_reaches_its_subscriber_in_order_and_is_marked(enquiries, scheduling, relay):
    enquiries.tell("KT-2 won", "KT-1 won")

    assert relay.relay_once() == 2

    assert scheduling.done() == ["KT-2 won", "KT-1 won"]
    assert enquiries.news(published=False) == []


def test_what_is_marked_is_not_carried_again(enquiries, scheduling, relay):
    enquiries.tell("KT-1 won")
    relay.relay_once()

    assert relay.relay_once() == 0
    assert scheduling.done() == ["KT-1 won"]


def test_a_row_is_marked_only_when_every_subscriber_has_committed(enquiries, relay, subscribers):
    told = []
    subscribers["enquiries"] = lambda _batch: None
    subscribers["scheduling"] = lambda _batch: told.append("scheduling")
    _receive_an_enquiry(enquiries)

    with pytest.raises(NotCarried):
        relay.relay_once()
    assert len(enquiries.news(published=False)) == 1

    subscribers["notifications"] = lambda _batch: told.append("notifications")
    assert relay.relay_once() == 1
    assert enquiries.news(published=False) == []
    assert told == ["scheduling", "notifications", "scheduling"]


def test_a_subscriber_that_is_not_there_yet_gets_its_news_later(enquiries, scheduling, relay, subscribers):
    receive = subscribers.pop("scheduling")
    enquiries.tell("KT-1 won")
    with pytest.raises(NotCarried):
        relay.relay_once()

    subscribers["scheduling"] = receive

    assert relay.relay_once() == 1
    assert scheduling.done() == ["KT-1 won"]


def test_a_subscriber_that_is_busy_holds_up_nobody_else(enquiries, scheduling, relay, subscribers):
    def busy(_batch):
        raise OSError("the database is away")

    subscribers["notifications"] = busy
    _receive_an_enquiry(enquiries)
    enquiries.tell("KT-2 won")

    assert relay.relay_once() == 1

    assert scheduling.done() == ["KT-2 won"]
    assert [news.type for news in enquiries.news(published=False)] == ["enquiry_received"]


def test_what_is_carried_again_after_a_crash_is_dropped_by_the_inbox(enquiries, scheduling, relay, subscribers):
    enquiries.tell("KT-1 won", "KT-2 won")
    with pytest.raises(SystemError, match="power cut"):
        Relay(enquiries.store, _PowerCut(subscribers)).relay_once()
    assert len(enquiries.news(published=False)) == 2

    assert relay.relay_once() == 2

    assert scheduling.done() == ["KT-1 won", "KT-2 won"]


def test_nothing_is_marked_while_the_broker_is_away(enquiries):
    enquiries.tell("KT-1 won")

    with pytest.raises(ConnectionError):
        Relay(enquiries.store, _Away()).relay_once()

    assert len(enquiries.news(published=False)) == 1


def test_a_backlog_goes_out_batch_by_batch(enquiries, scheduling, subscribers, monkeypatch):
    monkeypatch.setattr(DirectCarrier, "most", 2)
    relay = Relay(enquiries.store, DirectCarrier(subscribers))
    enquiries.tell("KT-1 won", "KT-2 won", "KT-3 won")

    assert [relay.relay_once() for _ in range(3)] == [2, 1, 0]
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


def test_the_events_of_a_subject_go_out_one_after_the_other_and_hold_up_no_other(enquiries):
    broker = _Broker()
    enquiries.tell("KT-1 agreement", "KT-1 won", "KT-2 won")
    relay = Relay(enquiries.store, broker)

    assert [relay.relay_once() for _ in range(3)] == [2, 1, 0]
    assert broker.carried == ["KT-1", "KT-2", "KT-1"]


def test_a_refused_row_is_parked_with_the_reason_and_later_ones_of_its_subject_wait_behind_it(enquiries):
    enquiries.tell("KT-1 agreement", "KT-1 won", "KT-2 won")
    relay = Relay(enquiries.store, _Broker(KT_1="refused"))

    assert [relay.relay_once() for _ in range(2)] == [1, 0]

    [parked, behind] = enquiries.rows(published=False)
    assert (parked.parked_at, parked.error, parked.attempts) == (enquiries.clock.at, "a reason", 1)
    assert (behind.parked_at, behind.attempts) == (None, 0)


def test_a_row_that_nobody_can_take_yet_is_tried_again_later_and_sets_the_alarm(enquiries, clock):
    enquiries.tell("KT-1 won", "KT-2 won")
    relay = Relay(enquiries.store, _Broker(KT_1="held_back"), chance=lambda: 0.0)

    assert [relay.relay_once() for _ in range(2)] == [1, 0]

    again = clock.at + timedelta(seconds=1)
    [row] = enquiries.rows(published=False)
    assert (row.retry_at, row.error, row.attempts) == (again, "a reason", 1)
    assert enquiries.jobs() == [("relay_again", again)]
    clock.move(seconds=1)
    assert Relay(enquiries.store, _Broker()).relay_once() == 1


class _EndsTheProcess(DirectCarrier):
    """Hands over to a handler that ends the process."""

    __slots__ = ()

    def carry(self, rows):
        raise SystemExit([row.seq for row in rows])


def test_an_event_that_ends_its_process_again_and_again_is_parked_and_the_rest_goes_on(
    enquiries, scheduling, subscribers
):
    enquiries.tell("KT-1 won", "KT-2 won")
    for _ in range(MOST_LIVES):
        with pytest.raises(SystemExit, match=r"\[1\]"):
            Relay(enquiries.store, _EndsTheProcess(subscribers)).relay_once()

    relay = Relay(enquiries.store, DirectCarrier(subscribers))

    assert [relay.relay_once(), relay.relay_once()] == [1, 0]
    assert scheduling.done() == ["KT-2 won"]
    [parked] = enquiries.rows(published=False)
    assert f"ended the process {MOST_LIVES} times" in parked.error


def test_what_this_life_recorded_goes_out_batch_by_batch_without_a_count(enquiries, subscribers):
    relay = Relay(enquiries.store, DirectCarrier(subscribers))
    enquiries.tell("KT-1 won", "KT-2 won")

    assert relay.relay_once() == 2
    assert {row.attempts for row in enquiries.rows(published=True)} == {0}
