"""What exists on the broker, in one place: exchanges, queues and what binds them.

nameko's own exchanges (`<service>.events`) carry the events, so that any stock listener can join. Each service has one
durable quorum queue, `<service>.inbox`. What cannot be read, or kills its reader again and again, goes through the
exchange `keytalk.dead` to `<service>.dead`, at least once, and is never dropped. RabbitMQ refuses a queue declared
again with other arguments: change them by a new queue name.
"""

from __future__ import annotations

from collections.abc import Iterable

from kombu import Exchange, Queue

from shared.contracts.base import Contract

DELIVERY_LIMIT = 20
"""Deliveries before a message is taken for one that kills its reader. Deploys and cut connections count too."""

DEAD_EXCHANGE = Exchange("keytalk.dead", type="topic", durable=True)


def events_exchange(service: str) -> Exchange:
    """Give the exchange a service publishes on: the one that nameko declares for it."""
    return Exchange(f"{service}.events", type="topic", durable=True, delivery_mode=2)


def inbox_queue(service: str) -> Queue:
    """Give the one queue that a service's events wait in."""
    name = f"{service}.inbox"
    return Queue(
        name,
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-overflow": "reject-publish",
            "x-dead-letter-strategy": "at-least-once",
            "x-dead-letter-exchange": DEAD_EXCHANGE.name,
            "x-dead-letter-routing-key": name,
        },
    )


def dead_queue(service: str) -> Queue:
    """Give the queue of what a service could not read."""
    return Queue(
        f"{service}.dead",
        exchange=DEAD_EXCHANGE,
        routing_key=f"{service}.inbox",
        durable=True,
        queue_arguments={"x-queue-type": "quorum"},
    )


def declare_publisher(channel: object, service: str) -> None:
    """Declare what a relay needs."""
    events_exchange(service)(channel).declare()


def declare_subscriber(channel: object, service: str, contracts: Iterable[Contract]) -> None:
    """Declare a service's inbox and dead-letter queues and bind the events it takes."""
    DEAD_EXCHANGE(channel).declare()
    dead_queue(service)(channel).declare()
    inbox = inbox_queue(service)(channel)
    inbox.declare()
    for contract in contracts:
        exchange = events_exchange(contract.source)
        exchange(channel).declare()
        inbox.bind_to(exchange, routing_key=contract.type)
