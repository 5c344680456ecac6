"""What stands on the broker, and what happens to a message that nobody can read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest

from shared.contracts.base import contracts
from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually

SERVICES = ("enquiries", "scheduling", "notifications")


def _vhost(env: dict[str, str]) -> str:
    return urlsplit(env["KEYTALK_AMQP_URI"]).path[1:]


@pytest.fixture
def listed(rabbitmq, real, real_environment):
    """Give a listing of the broker for Keytalk's virtual host, a row a dictionary."""
    if not rabbitmq.owned:
        pytest.skip("asks rabbitmqctl, which only a private RabbitMQ has")

    def listed(what: str, *columns: str) -> list[dict[str, Any]]:
        where = ("-p", _vhost(real_environment), "--formatter", "json")
        return json.loads(rabbitmq.ctl(what, *where, *columns))

    return listed


@pytest.fixture
def channel(real, real_environment) -> Iterator[amqp.Channel]:
    """A channel on Keytalk's virtual host."""
    uri = urlsplit(real_environment["KEYTALK_AMQP_URI"])
    connection = amqp.Connection(
        f"{uri.hostname}:{uri.port}", uri.username, uri.password, virtual_host=uri.path[1:], confirm_publish=True
    )
    connection.connect()
    yield connection.channel()
    connection.close()


def test_each_service_has_one_quorum_queue_that_drops_nothing(listed):
    queues = {row["name"]: row for row in listed("list_queues", "name", "type", "durable", "arguments")}

    for service in SERVICES:
        inbox, dead = queues[f"{service}.inbox"], queues[f"{service}.dead"]
        assert (inbox["type"], inbox["durable"]) == ("quorum", True)
        arguments = (
            {name: value for name, _kind, value in map(tuple, inbox["arguments"])}
            if isinstance(inbox["arguments"], list)
            else inbox["arguments"]
        )
        assert arguments == {
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-delivery-limit": 20,
            "x-overflow": "reject-publish",
            "x-dead-letter-strategy": "at-least-once",
            "x-dead-letter-exchange": "keytalk.dead",
            "x-dead-letter-routing-key": f"{service}.inbox",
        }
        assert (dead["type"], dead["durable"]) == ("quorum", True)


def test_each_queue_is_bound_to_the_events_of_its_service_and_no_others(listed):
    rows = listed("list_bindings", "source_name", "destination_name", "routing_key")
    all_bound = {tuple(row.values()) for row in rows if row["source_name"] and "rpc" not in row["source_name"]}
    # The console's live pages listen too, each replica on a queue of its own that goes with it.
    bound = {row for row in all_bound if not row[1].startswith("ops.live-")}

    assert ("enquiries.events", "scheduling.inbox", "stage_changed") in bound
    assert bound == {
        *((f"{each.source}.events", f"{name}.inbox", each.type) for each in contracts() for name in each.subscribers),
        *(("keytalk.dead", f"{service}.dead", f"{service}.inbox") for service in SERVICES),
    }


@pytest.mark.parametrize(
    "body", ["this is no JSON", '{"data": "of nobody"}', ""], ids=["words", "no envelope", "empty"]
)
def test_a_message_that_cannot_be_read_is_set_aside_and_the_next_one_is_handled(real: Keytalk, channel, body):
    before = len(real.cli("dead", "list", "--service", "scheduling"))
    channel.basic_publish(amqp.Message(body), routing_key="scheduling.inbox")
    reference = real.post(risley_enquiry()).json()["reference"]

    told = eventually(lambda: (rows := real.cli("dead", "list", "--service", "scheduling"))[before:] and rows)

    assert len(told) == before + 1
    assert "NotAnEnvelope" in told[-1]["error"]
    assert channel.queue_declare("scheduling.dead", passive=True).message_count == 0
    plan = ("runs", "plan", "--enquiry", reference, "--start", "2027-01-12")
    assert eventually(lambda: real.run(*plan).returncode == 0)
