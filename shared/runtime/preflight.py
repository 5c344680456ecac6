"""Asks the broker, before a service starts, for all that the service needs of it.

nameko's own consumers would try again for ever, a second apart, what a broker refuses, and start-up would never end.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from typing import Any

import amqp
from kombu import Queue
from nameko.rpc import RPC_REPLY_QUEUE_TEMPLATE

from shared.config import SERVICES
from shared.contracts.base import contracts
from shared.messaging.broker import BrokerRefused, is_refusal, open_connection
from shared.messaging.rights import taken_by
from shared.messaging.topology import (
    RPC_EXCHANGE,
    TopologyRefused,
    call_queue,
    declare_publisher,
    declare_rpc_exchange,
    declare_subscriber,
)

_log = logging.getLogger(__name__)


def check_broker(uri: str, services: Iterable[str]) -> bool:
    """Declare what these services need: exchanges, their inbox and dead-letter queues, their queues for calls.

    Gives False when no broker answers: services start all the same, and wait for it. Raises `BrokerRefused` with words
    for who has to mend it when it answers and refuses.
    """
    try:
        connection = open_connection(uri)
        try:
            for service in services:
                _declare(connection.channel(), service)
        finally:
            connection.collect()
    except (BrokerRefused, TopologyRefused, OSError, amqp.AMQPError) as error:
        if isinstance(error, TopologyRefused) or is_refusal(error):
            raise BrokerRefused(f"KEYTALK_AMQP_URI: {error}") from error
        _log.warning("started without the broker, waiting for it", extra={"error": str(error)})
        return False
    return True


def _declare(channel: Any, service: str) -> None:
    declare_rpc_exchange(channel)
    _declare_for_calls(channel, _reply_queue(service))
    if service not in SERVICES:
        return
    _declare_for_calls(channel, call_queue(service))
    declare_publisher(channel, service)
    declare_subscriber(channel, service, taken_by(service, contracts()))


def _reply_queue(service: str) -> Queue:
    """Give a queue named as those that a caller takes answers from; this one goes with the connection."""
    key = str(uuid.uuid4())
    name = RPC_REPLY_QUEUE_TEMPLATE.format(service, key)
    return Queue(name, exchange=RPC_EXCHANGE, routing_key=key, exclusive=True, durable=False)


def _declare_for_calls(channel: Any, queue: Queue) -> None:
    bound = queue(channel)
    try:
        bound.queue_declare()
        bound.queue_bind()
    except amqp.AMQPError as error:
        if not is_refusal(error):
            raise
        said = f"{error.reply_code} {error.reply_text}."
        raise BrokerRefused(
            f"RabbitMQ refused the queue {queue.name} for calls: {said} {_mend(error, queue)}"
        ) from error


def _mend(error: Any, queue: Queue) -> str:
    if isinstance(error, amqp.PreconditionFailed):
        return (
            "It stands there with other settings: stop what uses it and delete it (rabbitmqctl delete_queue "
            f"'{queue.name}'). Calls that wait in it are lost; their callers are told so."
        )
    return 'This user has no right to it: see "Rights on the broker" in docs/broker.md.'
