"""What exists on the broker, in one place: exchanges, queues and what binds them.

nameko's own exchanges (`<service>.events`) carry the events, so that any stock listener can join. Each service has one
durable quorum queue, `<service>.inbox`. What cannot be read, or kills its reader again and again, goes through the
exchange `keytalk.dead` to `<service>.dead`, at least once, and is never dropped. RabbitMQ refuses a queue declared
again with other arguments: docs/broker.md says how to change them.

A service owns its queues and may declare them. Exchanges belong to all: each is looked for first, and declared only
when it is missing, which a broker that gives no more rights than needed (see `shared.messaging.rights`) refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import amqp
from kombu import Exchange, Queue

from shared.contracts.base import Contract

DELIVERY_LIMIT = 20
"""Deliveries before a message is taken for one that kills its reader. Deploys and cut connections count too."""

DEAD_EXCHANGE = Exchange("keytalk.dead", type="topic", durable=True)

CALL_LIVES = 60
"""Seconds after which the broker drops a call that nobody could answer: its caller has given up, and a call that ends
the process that takes it must not come back for ever."""

RPC_EXCHANGE = Exchange("nameko-rpc", type="topic", durable=True)
"""Carries calls and their answers: the one that nameko knows by this name."""


class TopologyRefused(Exception):
    """RabbitMQ will not have an exchange or a queue as a service needs it; the words say which, why and the mend."""


class Binding(NamedTuple):
    """What an exchange puts into a queue."""

    exchange: Any
    queue: Any
    key: str


def events_exchange(service: str) -> Exchange:
    """Give the exchange a service publishes on: the one that nameko declares for it."""
    return Exchange(f"{service}.events", type="topic", durable=True, delivery_mode=2)


def inbox_queue(service: str) -> Queue:
    """Give the one queue that a service's events wait in.

    One replica reads it at a time and the others stand by (`x-single-active-consumer`): with two readers, the second
    could handle a later event of a subject before the first has handled the earlier one.
    """
    return Queue(
        f"{service}.inbox",
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-overflow": "reject-publish",
            "x-dead-letter-strategy": "at-least-once",
            "x-dead-letter-exchange": DEAD_EXCHANGE.name,
            "x-dead-letter-routing-key": dead_key(service),
        },
    )


def dead_queue(service: str) -> Queue:
    """Give the queue of what a service could not read."""
    return Queue(f"{service}.dead", durable=True, queue_arguments={"x-queue-type": "quorum"})


def dead_key(service: str) -> str:
    """Give the routing key of what a service could not read. It outlives a change of the inbox queue's name."""
    return f"{service}.inbox"


def call_queue(service: str, exchange: Exchange = RPC_EXCHANGE) -> Queue:
    """Give the queue of the calls to a service, named and bound as nameko has it."""
    return Queue(f"rpc-{service}", exchange=exchange, routing_key=f"{service}.*", durable=True, message_ttl=CALL_LIVES)


def bindings(service: str, contracts: Iterable[Contract]) -> tuple[Binding, ...]:
    """Give what fills the queues of a service that takes the events of these contracts."""
    inbox, dead = inbox_queue(service), dead_queue(service)
    events = (Binding(events_exchange(item.source), inbox, item.type) for item in contracts)
    return (*events, Binding(DEAD_EXCHANGE, dead, dead_key(service)))


def proof_of_binding(service: str) -> tuple[Queue, Queue]:
    """Give the queues that are both there once a subscriber's inbox is bound to every event, the last declared last.

    The inbox alone proves less. It is there before its bindings, and an event for two subscribers, of which one is
    bound, counts as routed.
    """
    return inbox_queue(service), dead_queue(service)


def declare_publisher(channel: Any, service: str) -> None:
    """Make sure of what a relay needs. Raises `TopologyRefused`."""
    with _channel_beside(channel) as own:
        _find_or_declare(own, events_exchange(service))


def declare_subscriber(channel: Any, service: str, contracts: Iterable[Contract]) -> None:
    """Declare a service's inbox and bind the events it takes, and only then what tells relays that this is done.

    Raises `TopologyRefused`.
    """
    bound = bindings(service, contracts)
    with _channel_beside(channel) as own:
        for exchange in {item.exchange.name: item.exchange for item in bound}.values():
            _find_or_declare(own, exchange)
        for queue in proof_of_binding(service):
            with _refusals(f"the queue {queue.name}"):
                queue(own).queue_declare()
            for item in (each for each in bound if each.queue.name == queue.name):
                with _refusals(f"the queue {queue.name}, bound to {item.exchange.name} by {item.key}"):
                    queue(own).bind_to(item.exchange, item.key)


def declare_rpc_exchange(channel: Any) -> None:
    """Make sure of the exchange for calls, which nameko would declare again with each of its queues.

    Raises `TopologyRefused`.
    """
    with _channel_beside(channel) as own:
        _find_or_declare(own, RPC_EXCHANGE)


@contextmanager
def _channel_beside(channel: Any) -> Iterator[Any]:
    """Give a channel of our own on the same connection: RabbitMQ closes a channel on which it refuses something."""
    own = channel.connection.channel()
    yield own
    own.close()


def _find_or_declare(channel: Any, exchange: Exchange) -> None:
    try:
        channel.exchange_declare(exchange.name, exchange.type, passive=True)
    except amqp.NotFound:
        with _refusals(f"the exchange {exchange.name}, which is missing"):
            exchange(channel).declare()


_MENDS = {
    403: 'This user has no right to it: see "Rights on the broker" in docs/broker.md.',
    404: 'Something it needs is missing: load the definitions again, see "Rights on the broker" in docs/broker.md.',
    406: 'It stands there with other settings: see "Changing a queue\'s settings" in docs/broker.md.',
}


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    try:
        yield
    except (amqp.AccessRefused, amqp.NotFound, amqp.PreconditionFailed) as error:
        raise TopologyRefused(
            f"RabbitMQ refused {what}: {error.reply_code} {error.reply_text}. {_MENDS[error.reply_code]}"
        ) from error
