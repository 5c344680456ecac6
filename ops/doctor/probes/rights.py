"""Asks RabbitMQ what a user may do there, without doing any of it.

RabbitMQ looks at a user's rights before it looks at what is asked for. So each question here asks for something that
cannot be done: a queue that lives for less than no time, a message that expires at no time, a reader with no sense in
its priority, or for a binding to go that nobody made. Where the right is missing the answer is 403; where it is there,
the broker finds the fault (406), or nothing to do. Nothing is declared, published, bound or read.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import amqp

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.config import SERVICES
from shared.contracts.base import contracts
from shared.messaging.rights import MAY_CALL, taken_by
from shared.messaging.topology import (
    DEAD_EXCHANGE,
    RPC_EXCHANGE,
    bindings,
    call_queue,
    dead_key,
    dead_queue,
    events_exchange,
    inbox_queue,
)

Ask = Callable[[Any], Any]

_A_KEY = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The end of the name of a queue for answers: each process has one of its own."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A right that a service needs and its user has not.

    `right` is configure, write or read, `name` a queue's or an exchange's. `exchange` is set where only a routing key
    is refused.
    """

    service: str
    right: str
    name: str
    exchange: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """One question: what is needed, and how it is asked for. A binding also needs the right to write to its `queue`."""

    right: str
    name: str
    ask: Ask
    queue: str = ""


def lacking(connection: Any, service: str) -> tuple[Lack, ...]:
    """Give the rights that a service needs and the user of this connection has not."""
    refused = ((want, _refusal(connection, want.ask)) for want in wanted(service))
    return tuple(dict.fromkeys(_lack(service, want, said) for want, said in refused if said is not None))


def _lack(service: str, want: Want, said: str) -> Lack:
    """Tell by the broker's words which of the rights that one question needs is missing."""
    if want.queue and "access to queue" in said:
        return Lack(service, "write", _A_KEY.sub("*", want.queue))
    return Lack(service, want.right, _A_KEY.sub("*", want.name), want.name if "access to topic" in said else "")


def missing_exchanges(connection: Any, service: str) -> tuple[str, ...]:
    """Give the exchanges that a service needs, that are not there, and that this user may not make."""
    missing = []
    for exchange in _exchanges(service):
        there = connection.channel()
        try:
            there.exchange_declare(exchange, "topic", passive=True)
            there.close()
        except amqp.NotFound:
            if _refusal(connection, _configure(exchange)) is not None:
                missing.append(exchange)
    return tuple(missing)


def wanted(service: str) -> Iterator[Want]:
    """Give all that a service needs: to call and be answered, and, unless it only calls, to be called and hear news."""
    key = str(uuid.uuid4())
    yield from _queue_of(f"rpc.reply-{service}-{key}", RPC_EXCHANGE.name, key)
    for call in MAY_CALL.get(service, ()):
        yield _to_publish(RPC_EXCHANGE.name, call.replace("*", "get_health"))
    if service in SERVICES:
        yield from _of_a_service(service, key)


def _of_a_service(service: str, key: str) -> Iterator[Want]:
    language = contracts()
    yield from _queue_of(call_queue(service).name, RPC_EXCHANGE.name, f"{service}.*")
    yield _to_publish(RPC_EXCHANGE.name, key)
    for queue in (inbox_queue(service).name, dead_queue(service).name):
        yield Want("configure", queue, _configure(queue))
        yield Want("read", queue, _consume(queue))
    for binding in bindings(service, taken_by(service, language)):
        yield _bound(binding.queue.name, binding.exchange.name, binding.key)
    yield _to_publish(DEAD_EXCHANGE.name, dead_key(service))
    for contract in language:
        if contract.source == service:
            yield _to_publish(events_exchange(service).name, contract.type)


def _queue_of(queue: str, exchange: str, key: str) -> Iterator[Want]:
    yield Want("configure", queue, _configure(queue))
    yield Want("read", queue, _consume(queue))
    yield _bound(queue, exchange, key)


def _bound(queue: str, exchange: str, key: str) -> Want:
    return Want("read", exchange, _unbind(queue, exchange, key), queue)


def _to_publish(exchange: str, key: str) -> Want:
    return Want("write", exchange, _publish(exchange, key))


def _exchanges(service: str) -> list[str]:
    if service not in SERVICES:
        return [RPC_EXCHANGE.name]
    bound = [binding.exchange.name for binding in bindings(service, taken_by(service, contracts()))]
    return list(dict.fromkeys([RPC_EXCHANGE.name, events_exchange(service).name, DEAD_EXCHANGE.name, *bound]))


def _configure(queue: str) -> Ask:
    arguments = {"x-message-ttl": -1}
    return lambda channel: channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)


def _consume(queue: str) -> Ask:
    return lambda channel: channel.basic_consume(queue, arguments={"x-priority": "none"})


def _unbind(queue: str, exchange: str, key: str) -> Ask:
    return lambda channel: channel.queue_unbind(queue, exchange, key, arguments={"keytalk": "a binding nobody made"})


def _publish(exchange: str, key: str) -> Ask:
    def ask(channel: Any) -> None:
        channel.basic_publish(amqp.Message("", expiration="never"), exchange, key)
        channel.basic_qos(0, 1, False)  # nothing answers a publication: the refusal comes before this answer

    return ask


def _refusal(connection: Any, ask: Ask) -> str | None:
    """Give the broker's words where it refuses for want of a right."""
    channel = connection.channel()
    try:
        ask(channel)
    except amqp.AccessRefused as error:
        return str(error.reply_text)
    except amqp.ChannelError:
        return None
    channel.close()
    return None
