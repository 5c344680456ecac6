"""What a service does when RabbitMQ has its exchanges, has them not, or refuses them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import amqp
import pytest

import shared.contracts  # noqa: F401 - fills the list of contracts
from shared.contracts.base import contract_for
from shared.messaging.topology import (
    TopologyRefused,
    bindings,
    call_queue,
    dead_queue,
    declare_publisher,
    declare_rpc_exchange,
    declare_subscriber,
    inbox_queue,
    proof_of_binding,
)

ROOT = Path(__file__).resolve().parents[3]
STAGE_CHANGED = contract_for("stage_changed")


@dataclass
class Broker:
    """A broker as seen from a channel: it has exchanges, may refuse a name, and notes what is done where."""

    exchanges: set[str] = field(default_factory=set)
    refused: dict[str, Exception] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)

    def channel(self) -> Channel:
        return Channel(self)


@dataclass
class Channel:
    connection: Broker
    is_open: bool = True

    def exchange_declare(self, exchange: str, type: str = "", passive: bool = False, **_: Any) -> None:  # noqa: A002
        if passive:
            if exchange not in self.connection.exchanges:
                raise amqp.NotFound(f"NOT_FOUND - no exchange '{exchange}'", (40, 10), "Exchange.declare", 404)
            return
        self._do("declare", exchange)
        self.connection.exchanges.add(exchange)

    def queue_declare(self, queue: str, passive: bool = False, **_: Any) -> None:
        self._do("declare", queue)

    def queue_bind(self, queue: str, exchange: str, routing_key: str, **_: Any) -> None:
        self._do("bind", f"{exchange} {routing_key} {queue}")

    def prepare_queue_arguments(self, arguments: dict[str, Any], **_: Any) -> dict[str, Any]:
        return arguments

    def close(self) -> None:
        self.is_open = False

    def _do(self, what: str, name: str) -> None:
        if name in self.connection.refused:
            raise self.connection.refused[name]
        self.connection.done.append((what, name))


def refusal(kind: type[Exception], code: int, words: str) -> Exception:
    return kind(words, (50, 10), "Queue.declare", code)


def test_an_exchange_that_stands_is_left_alone():
    broker = Broker(exchanges={"enquiries.events", "nameko-rpc"})

    declare_publisher(broker.channel(), "enquiries")
    declare_rpc_exchange(broker.channel())

    assert broker.done == []


def test_a_missing_exchange_is_declared():
    broker = Broker()

    declare_publisher(broker.channel(), "enquiries")
    declare_rpc_exchange(broker.channel())

    assert broker.done == [("declare", "enquiries.events"), ("declare", "nameko-rpc")]


def test_a_subscriber_declares_its_queues_and_binds_its_events_and_its_dead_letters():
    broker = Broker()

    declare_subscriber(broker.channel(), "scheduling", [STAGE_CHANGED])

    assert broker.done == [
        ("declare", "enquiries.events"),
        ("declare", "keytalk.dead"),
        ("declare", "scheduling.inbox"),
        ("bind", "enquiries.events stage_changed scheduling.inbox"),
        ("declare", "scheduling.dead"),
        ("bind", "keytalk.dead scheduling.inbox scheduling.dead"),
    ]


def test_what_relays_look_for_is_declared_once_every_event_is_bound():
    broker = Broker()

    declare_subscriber(broker.channel(), "scheduling", [STAGE_CHANGED])

    seen = broker.done.index(("declare", proof_of_binding("scheduling")[-1].name))
    assert seen > broker.done.index(("bind", "enquiries.events stage_changed scheduling.inbox"))


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        (
            "scheduling.inbox",
            refusal(amqp.PreconditionFailed, 406, "PRECONDITION_FAILED - inequivalent arg"),
            "the queue scheduling.inbox: 406 PRECONDITION_FAILED - inequivalent arg. It stands there with other",
        ),
        (
            "keytalk.dead",
            refusal(amqp.AccessRefused, 403, "ACCESS_REFUSED - access refused"),
            "the exchange keytalk.dead, which is missing: 403 ACCESS_REFUSED - access refused. This user has no right",
        ),
        (
            "enquiries.events stage_changed scheduling.inbox",
            refusal(amqp.NotFound, 404, "NOT_FOUND - no exchange"),
            "the queue scheduling.inbox, bound to enquiries.events by stage_changed: 404 NOT_FOUND - no exchange. "
            "Something it needs is missing",
        ),
    ],
    ids=["other settings", "no right", "missing"],
)
def test_a_refusal_names_what_was_refused_what_was_said_and_a_mend_that_is_there(name, error, said):
    broker = Broker(refused={name: error})

    with pytest.raises(TopologyRefused) as refused:
        declare_subscriber(broker.channel(), "scheduling", [STAGE_CHANGED])

    words = str(refused.value)
    assert said in words
    heading, page = re.search(r'see "([^"]+)" in (\S+)\.$', words).groups()
    assert f"## {heading}\n" in (ROOT / page).read_text()


def test_a_broken_connection_is_no_refusal():
    broker = Broker(refused={"scheduling.inbox": ConnectionResetError("gone")})

    with pytest.raises(ConnectionResetError):
        declare_subscriber(broker.channel(), "scheduling", [STAGE_CHANGED])


def test_the_callers_own_channel_is_not_the_one_that_a_refusal_closes():
    broker = Broker()
    mine = broker.channel()
    mine.exchange_declare = None  # type: ignore[assignment]

    declare_publisher(mine, "enquiries")

    assert mine.is_open


def test_the_dead_letters_of_a_queue_arrive_by_the_key_that_it_sends_them_with():
    (dead,) = bindings("scheduling", [])

    assert dead.key == inbox_queue("scheduling").queue_arguments["x-dead-letter-routing-key"]
    assert dead.queue.name == dead_queue("scheduling").name


def test_calls_to_a_service_wait_a_minute_in_a_queue_that_stock_nameko_would_find():
    queue = call_queue("enquiries")

    assert (queue.name, queue.exchange.name, queue.routing_key) == ("rpc-enquiries", "nameko-rpc", "enquiries.*")
    assert (queue.durable, queue.message_ttl) == (True, 60)
