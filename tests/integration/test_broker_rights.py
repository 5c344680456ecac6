"""Each service's user on a real broker: what it needs works, and everything else is refused by RabbitMQ itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import amqp
import pytest
from kombu import Connection

from shared.contracts.base import contracts
from shared.messaging.broker import open_connection
from shared.messaging.definitions import definitions
from shared.messaging.rights import services, taken_by
from shared.messaging.topology import (
    DELIVERY_LIMIT,
    TopologyRefused,
    call_queue,
    declare_publisher,
    declare_rpc_exchange,
    declare_subscriber,
    inbox_queue,
)
from tests.servers.rabbitmq import RabbitMQ

SUBSCRIBERS = ("enquiries", "notifications", "scheduling")

Open = Callable[[str], Any]


def _channel(uri: str, opened: list[Any]) -> Any:
    connection = open_connection(uri)
    opened.append(connection)
    return connection.channel()


@pytest.fixture(scope="module")
def uris(rabbitmq) -> dict[str, str]:
    """A vhost as production has it: each service's address, under its own user."""
    if not rabbitmq.owned:
        pytest.skip("makes users, which only a private RabbitMQ lets us do")
    return rabbitmq.new_vhost_with_rights()


@pytest.fixture
def as_(uris) -> Iterator[Open]:
    """Open a channel as a service."""
    opened: list[Any] = []
    yield lambda service: _channel(uris[service], opened)
    for connection in opened:
        connection.release()


@pytest.fixture
def as_anyone(rabbitmq, uris) -> Iterator[Any]:
    """A channel that may do everything in the same vhost."""
    opened: list[Any] = []
    yield _channel(rabbitmq.with_all_rights(uris["ops"]), opened)
    opened[0].release()


def publish(exchange: str, key: str, **properties: Any) -> Callable[[Any], Any]:
    return lambda channel: channel.basic_publish_confirm(amqp.Message("{}", **properties), exchange, key)


def bind(queue: str, exchange: str, key: str) -> Callable[[Any], Any]:
    return lambda channel: channel.queue_bind(queue, exchange, key)


def declare(queue: str, **arguments: Any) -> Callable[[Any], Any]:
    named = {name.replace("_", "-"): value for name, value in arguments.items()}
    return lambda channel: channel.queue_declare(queue, durable=True, auto_delete=False, arguments=named)


def take(channel: Any, queue: str) -> Any:
    """Wait for one message as a reader does."""
    taken: list[Any] = []
    reading = channel.basic_consume(queue, callback=taken.append)
    while not taken:
        channel.connection.drain_events(timeout=10)
    channel.basic_cancel(reading)
    return taken[0]


def declare_calls(channel: Any, service: str) -> None:
    queue = call_queue(service)(channel)
    queue.queue_declare()
    queue.queue_bind()


def reply_queue(service: str) -> str:
    return f"rpc.reply-{service}-{uuid4()}"


@pytest.mark.parametrize("service", SUBSCRIBERS)
def test_a_service_finds_and_declares_all_it_needs(as_, service):
    channel = as_(service)

    declare_rpc_exchange(channel)
    declare_publisher(channel, service)
    declare_subscriber(channel, service, taken_by(service, contracts()))

    assert channel.queue_declare(f"{service}.inbox", passive=True).message_count == 0


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)
def test_an_event_reaches_its_subscribers_and_a_rejected_one_their_dead_letters(as_, contract):
    publish(f"{contract.source}.events", contract.type)(as_(contract.source))

    for service in contract.subscribers:
        channel = as_(service)
        channel.basic_reject(take(channel, f"{service}.inbox").delivery_tag, requeue=False)
        dead = take(channel, f"{service}.dead")
        channel.basic_ack(dead.delivery_tag)
        assert dead.headers["x-death"][0]["queue"] == f"{service}.inbox"


@pytest.mark.parametrize(
    ("caller", "answerer", "operation"),
    [
        ("scheduling", "enquiries", "get_enquiry"),
        ("notifications", "enquiries", "get_enquiry"),
        ("notifications", "scheduling", "get_facilitator"),
        *(("ops", service, "list_dead") for service in SUBSCRIBERS),
    ],
)
def test_a_granted_call_is_put_and_answered_as_stock_nameko_does(as_, caller, answerer, operation):
    asking, answering = as_(caller), as_(answerer)
    uuid = str(uuid4())
    answers = f"rpc.reply-{caller}-{uuid}"
    declare_calls(answering, answerer)
    declare(answers, x_expires=300_000)(asking)
    bind(answers, "nameko-rpc", uuid)(asking)

    publish("nameko-rpc", f"{answerer}.{operation}", reply_to=uuid)(asking)
    call = answering.basic_get(f"rpc-{answerer}", no_ack=True)
    publish("nameko-rpc", call.properties["reply_to"])(answering)

    assert asking.basic_get(answers, no_ack=True) is not None


def test_the_next_version_of_a_queue_may_stand_beside_the_old_one(as_):
    channel = as_("scheduling")

    declare("scheduling.inbox.v2", x_queue_type="quorum", x_dead_letter_exchange="keytalk.dead")(channel)
    bind("scheduling.inbox.v2", "enquiries.events", "enquiry_received")(channel)
    channel.queue_delete("scheduling.inbox.v2")


SHARED_EXCHANGES = ("nameko-rpc", "keytalk.dead", *(f"{service}.events" for service in SUBSCRIBERS))

REFUSED = {
    "publish as another service": ("notifications", publish("enquiries.events", "enquiry_received")),
    "publish as another from the gateway": ("ops", publish("scheduling.events", "run_confirmed")),
    "publish what is not in the language": ("enquiries", publish("enquiries.events", "anything")),
    "put a dead letter to another service": ("scheduling", publish("keytalk.dead", "enquiries.inbox")),
    "publish through the default exchange": ("notifications", publish("", "enquiries.inbox")),
    "publish to its own queue past the exchanges": ("scheduling", publish("", "scheduling.inbox")),
    "get from another's inbox": ("notifications", lambda channel: channel.basic_get("enquiries.inbox")),
    "consume another's inbox": ("ops", lambda channel: channel.basic_consume("scheduling.inbox")),
    "get from another's dead letters": ("scheduling", lambda channel: channel.basic_get("enquiries.dead")),
    "get another's calls": ("notifications", lambda channel: channel.basic_get("rpc-enquiries")),
    "get another's answers": ("notifications", lambda channel: channel.basic_get(reply_queue("ops"))),
    "purge another's inbox": ("enquiries", lambda channel: channel.queue_purge("notifications.inbox")),
    "delete another's inbox": ("enquiries", lambda channel: channel.queue_delete("notifications.inbox")),
    "declare another's inbox": ("enquiries", declare("notifications.inbox")),
    "declare another's calls": ("scheduling", declare("rpc-notifications")),
    "declare another's answers": ("scheduling", declare(reply_queue("notifications"))),
    "declare a queue of no service": ("scheduling", declare("spy")),
    "declare a queue that only begins like its own": ("scheduling", declare("scheduling.inbox.spy")),
    "have a queue dead-letter as another": (
        "scheduling",
        declare(reply_queue("scheduling"), x_dead_letter_exchange="enquiries.events"),
    ),
    "have a queue dead-letter to the default exchange": (
        "scheduling",
        declare(reply_queue("scheduling"), x_dead_letter_exchange=""),
    ),
    "hear every call and answer": ("scheduling", bind("scheduling.inbox", "nameko-rpc", "#")),
    "hear another's calls": ("scheduling", bind("scheduling.inbox", "nameko-rpc", "enquiries.*")),
    "hear one call of another": ("scheduling", bind("scheduling.inbox", "nameko-rpc", "enquiries.get_enquiry")),
    "hear every event of a publisher": ("notifications", bind("notifications.inbox", "enquiries.events", "#")),
    "hear an event for others": ("notifications", bind("notifications.inbox", "enquiries.events", "stage_changed")),
    "hear a publisher it has no business with": (
        "scheduling",
        bind("scheduling.inbox", "notifications.events", "message_accepted"),
    ),
    "hear every dead letter": ("scheduling", bind("scheduling.dead", "keytalk.dead", "#")),
    "feed another's exchange": (
        "notifications",
        lambda channel: channel.exchange_bind("enquiries.events", "notifications.events", "message_accepted"),
    ),
    "call a service without a grant": ("scheduling", publish("nameko-rpc", "notifications.list_messages")),
    "call as a service that calls nobody": ("enquiries", publish("nameko-rpc", "scheduling.get_facilitator")),
    "call another operation than the granted": ("notifications", publish("nameko-rpc", "enquiries.move_enquiry")),
    "answer calls as the gateway": ("ops", publish("nameko-rpc", str(uuid4()))),
    "declare a new exchange": ("ops", lambda channel: channel.exchange_declare("spy", "topic")),
    **{
        f"delete {exchange}": (service, lambda channel, name=exchange: channel.exchange_delete(name))
        for exchange, service in zip(SHARED_EXCHANGES, ("scheduling", "ops", *SUBSCRIBERS), strict=True)
    },
    **{
        f"declare {exchange} again": (
            service,
            lambda channel, name=exchange: channel.exchange_declare(name, "topic", durable=True, auto_delete=False),
        )
        for exchange, service in zip(SHARED_EXCHANGES, ("scheduling", "ops", *SUBSCRIBERS), strict=True)
    },
}


@pytest.mark.parametrize(("service", "attempt"), REFUSED.values(), ids=REFUSED.keys())
def test_no_service_may(as_, as_anyone, service, attempt):
    declare_calls(as_anyone, "enquiries")
    channel = as_(service)

    with pytest.raises(amqp.AccessRefused, match="ACCESS_REFUSED"):
        attempt(channel)


def test_each_user_may_enter_its_own_virtual_host_alone(rabbitmq, uris):
    elsewhere = urlsplit(rabbitmq.new_vhost()).path

    for uri in uris.values():
        with pytest.raises(amqp.NotAllowed), Connection(urlsplit(uri)._replace(path=elsewhere).geturl()) as connection:
            connection.connect()


def test_a_missing_exchange_is_refused_by_name_with_the_mend(rabbitmq):
    if not rabbitmq.owned:
        pytest.skip("makes users, which only a private RabbitMQ lets us do")
    uris = rabbitmq.new_vhost_with_rights()
    opened: list[Any] = []
    _channel(rabbitmq.with_all_rights(uris["ops"]), opened).exchange_delete("keytalk.dead")
    channel = _channel(uris["scheduling"], opened)

    with pytest.raises(TopologyRefused) as refused:
        declare_subscriber(channel, "scheduling", taken_by("scheduling", contracts()))

    assert "the exchange keytalk.dead, which is missing: 403 ACCESS_REFUSED" in str(refused.value)
    assert '"Rights on the broker" in docs/broker.md' in str(refused.value)
    assert channel.queue_declare("scheduling.inbox", passive=True), "the caller's own channel is still open"
    for connection in opened:
        connection.release()


def test_an_event_without_a_right_to_it_is_refused_by_name_with_the_mend(as_):
    wanted = [contract for contract in contracts() if contract.type in {"enquiry_received", "message_accepted"}]

    with pytest.raises(TopologyRefused) as refused:
        declare_subscriber(as_("scheduling"), "scheduling", wanted)

    words = "the queue scheduling.inbox, bound to notifications.events by message_accepted: 403 ACCESS_REFUSED"
    assert words in str(refused.value)


def test_a_queue_that_stands_with_other_settings_is_refused_by_name_with_the_mend(rabbitmq):
    opened: list[Any] = []
    channel = _channel(rabbitmq.new_vhost(), opened)
    old = {**inbox_queue("enquiries").queue_arguments, "x-delivery-limit": DELIVERY_LIMIT + 1}
    channel.queue_declare("enquiries.inbox", durable=True, auto_delete=False, arguments=old)

    with pytest.raises(TopologyRefused) as refused:
        declare_subscriber(channel, "enquiries", taken_by("enquiries", contracts()))

    assert "the queue enquiries.inbox: 406 PRECONDITION_FAILED" in str(refused.value)
    assert '"Changing a queue\'s settings" in docs/broker.md' in str(refused.value)
    channel.queue_delete("enquiries.inbox")
    opened[0].release()


def test_an_empty_vhost_under_one_user_for_all_gets_everything_declared(rabbitmq):
    opened: list[Any] = []
    channel = _channel(rabbitmq.new_vhost(), opened)

    for service in SUBSCRIBERS:
        declare_rpc_exchange(channel)
        declare_publisher(channel, service)
        declare_subscriber(channel, service, taken_by(service, contracts()))

    for exchange in SHARED_EXCHANGES:
        channel.exchange_declare(exchange, "topic", passive=True)
    for contract in contracts():
        publish(f"{contract.source}.events", contract.type)(channel)
        for service in contract.subscribers:
            channel.basic_ack(take(channel, f"{service}.inbox").delivery_tag)
    opened[0].release()


def test_a_new_broker_that_loads_the_definitions_at_its_start_has_these_users_and_no_guest(tmp_path):
    passwords = {service: f"password-of-{service}" for service in services(contracts())}
    file = tmp_path / "definitions.json"
    file.write_text(json.dumps(definitions(passwords)))

    with RabbitMQ(load_definitions=file) as broker:
        users = {line.split("\t")[0] for line in broker.ctl("list_users").splitlines()[1:]}
        assert users == {f"keytalk_{service}" for service in passwords}
        for service in SUBSCRIBERS:
            uri = f"amqp://keytalk_{service}:{passwords[service]}@127.0.0.1:{broker.port}/keytalk"
            with open_connection(uri) as connection:
                declare_subscriber(connection.channel(), service, taken_by(service, contracts()))
