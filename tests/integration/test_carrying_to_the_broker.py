"""What becomes of outbox rows on a real broker: confirmed, held back, refused, and none that is marked and lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import amqp
import pytest
from kombu import Connection

from shared.contracts.base import contract_for
from shared.contracts.enquiries import EnquiryReceived, StageChanged
from shared.messaging.broker import BrokerAway
from shared.messaging.carriers import AmqpCarrier
from shared.messaging.envelope import Envelope
from shared.messaging.topology import DEAD_EXCHANGE, dead_queue, declare_subscriber, events_exchange, inbox_queue

SMALL = 20_000
"""Bytes that the broker takes in one message while a test has it be strict."""


def row(seq: int, event: object, pad: int = 0) -> SimpleNamespace:
    envelope = Envelope.of(
        event, id=uuid4(), source="enquiries", subject=f"KT-{seq}", sequence=1, time=datetime.now(UTC)
    )
    text = envelope.to_json()[:-1] + f', "pad": "{"x" * pad}"}}'
    return SimpleNamespace(seq=seq, event_id=envelope.id, type=envelope.type, envelope=text)


def moved(seq: int, pad: int = 0) -> SimpleNamespace:
    """An event for scheduling alone."""
    return row(seq, StageChanged(f"KT-{seq}", "new", "won"), pad)


def asked(seq: int) -> SimpleNamespace:
    """An event for every service."""
    now = datetime.now(UTC)
    return row(seq, EnquiryReceived(f"KT-{seq}", "many-faces-of-trauma", None, 10, None, None, None, now))


@pytest.fixture
def uri(rabbitmq) -> str:
    """A virtual host where all subscribers of enquiries have been, itself among them."""
    uri = rabbitmq.new_vhost()
    subscribe(uri, "enquiries", "enquiry_received")
    subscribe(uri, "scheduling", "enquiry_received", "stage_changed")
    subscribe(uri, "notifications", "enquiry_received")
    return uri


@pytest.fixture
def carrier(uri) -> Iterator[AmqpCarrier]:
    carrier = AmqpCarrier(uri, "enquiries")
    yield carrier
    carrier.close()


def subscribe(uri: str, service: str, *types: str) -> None:
    with Connection(uri) as connection:
        declare_subscriber(connection.default_channel, service, [contract_for(each) for each in types])


def ready(uri: str, service: str) -> int:
    with Connection(uri) as connection:
        return connection.default_channel.queue_declare(inbox_queue(service).name, passive=True).message_count


def test_a_batch_is_confirmed_whole_and_lies_in_every_queue_it_is_for(uri, carrier):
    delivery = carrier.carry([asked(1), moved(2), *(moved(seq) for seq in range(3, 200))])

    assert delivery.arrived == set(range(1, 200))
    assert (delivery.held_back, delivery.refused) == ({}, {})
    assert (ready(uri, "scheduling"), ready(uri, "notifications")) == (199, 1)


def test_an_event_for_a_service_that_was_never_there_is_held_back_though_the_other_could_take_it(rabbitmq):
    uri = rabbitmq.new_vhost()
    subscribe(uri, "enquiries", "enquiry_received")
    subscribe(uri, "scheduling", "enquiry_received", "stage_changed")
    carrier = AmqpCarrier(uri, "enquiries")

    delivery = carrier.carry([asked(1), moved(2)])

    assert delivery.arrived == {2}
    assert "notifications.inbox does not exist" in delivery.held_back[1]
    subscribe(uri, "notifications", "enquiry_received")
    assert carrier.carry([asked(1)]).arrived == {1}
    carrier.close()


def test_an_event_for_a_service_that_is_still_being_bound_is_held_back(rabbitmq):
    uri = rabbitmq.new_vhost()
    subscribe(uri, "enquiries", "enquiry_received")
    subscribe(uri, "scheduling", "enquiry_received")
    with Connection(uri) as connection:
        inbox_queue("notifications")(connection.default_channel).queue_declare()
    carrier = AmqpCarrier(uri, "enquiries")

    delivery = carrier.carry([asked(1)])

    assert (delivery.arrived, set(delivery.held_back)) == (set(), {1})
    subscribe(uri, "notifications", "enquiry_received")
    assert carrier.carry([asked(1)]).arrived == {1}
    assert ready(uri, "notifications") == 1
    carrier.close()


def test_an_event_whose_queue_is_not_bound_is_held_back_and_the_rest_goes(uri, carrier):
    carrier.carry([moved(1)])
    with Connection(uri) as connection:
        name = inbox_queue("scheduling").name
        connection.default_channel.queue_unbind(name, events_exchange("enquiries").name, "stage_changed")

    delivery = carrier.carry([moved(2), asked(3)])

    assert delivery.arrived == {3}
    assert "No queue is bound" in delivery.held_back[2]


def test_a_message_that_the_broker_refuses_costs_only_itself(rabbitmq, uri):
    if not rabbitmq.owned:
        pytest.skip("changes a limit of the broker, which only a private one allows")
    rabbitmq.ctl("eval", f"application:set_env(rabbit, max_message_size, {SMALL}).")
    carrier = AmqpCarrier(uri, "enquiries")
    try:
        delivery = carrier.carry([moved(1), moved(2, pad=SMALL), moved(3), moved(4, pad=SMALL), moved(5)])
    finally:
        rabbitmq.ctl("eval", "application:set_env(rabbit, max_message_size, 134217728).")
        carrier.close()

    assert delivery.arrived == {1, 3, 5}
    assert set(delivery.refused) == {2, 4}
    assert "406" in delivery.refused[2]


def test_a_carrier_without_the_right_to_publish_holds_its_rows_back_until_it_has_it(rabbitmq):
    if not rabbitmq.owned:
        pytest.skip("changes a user's rights, which only a private broker allows")
    uris = rabbitmq.new_vhost_with_rights()
    carrier = AmqpCarrier(uris["enquiries"], "enquiries")
    carrier._exchange = events_exchange("scheduling").name

    delivery = carrier.carry([moved(1), moved(2)])

    assert set(delivery.held_back) == {1, 2}
    assert "403" in delivery.held_back[1]
    carrier.close()


def test_a_carrier_whose_exchange_was_deleted_declares_it_again(uri, carrier):
    carrier.carry([moved(1)])
    with Connection(uri) as connection:
        connection.default_channel.exchange_delete(events_exchange("enquiries").name)

    with pytest.raises(amqp.NotFound, match="no exchange"):
        carrier.carry([moved(2)])
    assert "No queue is bound" in carrier.carry([moved(2)]).held_back[2]
    subscribe(uri, "scheduling", "stage_changed")
    assert carrier.carry([moved(2)]).arrived == {2}


def test_a_carrier_goes_on_after_its_connection_was_cut(rabbitmq, uri, carrier):
    if not rabbitmq.owned:
        pytest.skip("cuts connections by rabbitmqctl, which only a private broker allows")
    carrier.carry([moved(1)])
    rabbitmq.ctl("close_all_connections", "-p", uri.rsplit("/", 1)[1], "test")

    with pytest.raises((OSError, amqp.AMQPError)):
        carrier.carry([moved(2)])
    assert carrier.carry([moved(2)]).arrived == {2}


def test_a_broker_that_is_away_is_told_as_that():
    carrier = AmqpCarrier("amqp://guest:guest@127.0.0.1:1/keytalk", "enquiries")

    with pytest.raises(BrokerAway):
        carrier.carry([moved(1)])


def test_the_dead_letter_exchange_and_queue_are_there_with_the_inbox(uri):
    with Connection(uri) as connection:
        channel = connection.default_channel
        channel.exchange_declare(DEAD_EXCHANGE.name, "topic", passive=True)
        assert channel.queue_declare(dead_queue("scheduling").name, passive=True).message_count == 0
