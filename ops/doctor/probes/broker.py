"""Looks at the broker: whether it answers and lets us in, what its user may do, and how full the queues are."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import amqp
from kombu import Connection

from ops.doctor.probes.alarms import alarm_of
from ops.doctor.probes.rights import Lack, lacking, missing_exchanges
from shared.config import SERVICES
from shared.messaging.broker import BrokerAway, BrokerRefused, QueueDepth, depth_of, open_connection
from shared.messaging.topology import dead_queue, inbox_queue

RABBITMQ = "RabbitMQ"


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """What was seen. `said` are the broker's words.

    `fault`: "" where it lets us in, else away, tls, login, no vhost or vhost.
    `alarm` is why it takes no messages, in its own words: "" where it takes them.
    `lacks` and `missing` (exchanges that are not there and may not be made) are None where the broker is none that can
    be asked. `queues` has, by service, how full its inbox and its dead-letter queue are: None for one that is missing.
    """

    where: str
    user: str
    vhost: str
    fault: str = ""
    said: str = ""
    product: str = ""
    alarm: str = ""
    lacks: tuple[Lack, ...] | None = None
    missing: tuple[str, ...] = ()
    queues: dict[str, tuple[QueueDepth | None, QueueDepth | None]] = field(default_factory=dict)


def look_at_broker(uri: str, services: Sequence[str]) -> BrokerFacts:
    """Look at the broker for these services. Makes nothing there, and takes nothing."""
    address = Connection(uri)
    facts = BrokerFacts(_where(address), address.userid or "guest", address.virtual_host or "/")
    try:
        connection = open_connection(uri)
    except BrokerAway as error:
        return replace(facts, fault="away", said=_said(error.__cause__))
    except BrokerRefused as error:
        return replace(facts, fault=_refused(error.__cause__), said=_said(error.__cause__))
    try:
        return _look(replace(facts, alarm=alarm_of(uri)), connection, services)
    except (OSError, amqp.ConnectionError, BrokerAway, BrokerRefused) as error:
        return replace(facts, fault="away", said=f"it left in the middle: {_said(error)}")
    finally:
        connection.collect()


def _look(facts: BrokerFacts, connection: Any, services: Sequence[str]) -> BrokerFacts:
    said = connection.connection.server_properties
    product = str(said.get("product", ""))
    facts = replace(facts, product=f"{product} {said.get('version', '')}".strip())
    facts = replace(facts, queues={name: _queues(connection, name) for name in services if name in SERVICES})
    if product != RABBITMQ or facts.alarm:  # each question about rights would wait for an answer that does not come
        return facts
    lacks = tuple(lack for service in services for lack in lacking(connection, service))
    missing = tuple(dict.fromkeys(name for service in services for name in missing_exchanges(connection, service)))
    return replace(facts, lacks=lacks, missing=missing)


def _queues(connection: Any, service: str) -> tuple[QueueDepth | None, QueueDepth | None]:
    return depth_of(connection, inbox_queue(service).name), depth_of(connection, dead_queue(service).name)


def _refused(cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLError):
        return "tls"
    if isinstance(cause, amqp.AccessRefused):
        return "login"
    return "no vhost" if "not found" in _said(cause) else "vhost"


def _said(cause: BaseException | None) -> str:
    return str(getattr(cause, "reply_text", "") or getattr(cause, "strerror", "") or cause or "no answer")


def _where(address: Any) -> str:
    return f"{address.hostname}:{address.port or (5671 if address.ssl else 5672)}"
