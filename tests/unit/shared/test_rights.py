"""What each service may do on the broker follows from the contracts and from who calls whom, and is no more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import shared.contracts  # noqa: F401 - fills the list of contracts
from ops.gateway.permissions import OPERATIONS
from shared.config import SERVICES
from shared.contracts.base import contracts
from shared.messaging.rights import LOOKS_ON, MAY_CALL, Rights, TopicRights, rights_of, services, taken_by

ROOT = Path(__file__).resolve().parents[3]
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
A_UUID = "0192f0c8-0000-7000-8000-000000000000"

EACH = pytest.mark.parametrize("service", services(contracts()))


def rights(service: str) -> Rights:
    return rights_of(service, contracts())


def topic(service: str, exchange: str) -> TopicRights:
    return next(item for item in rights(service).topics if item.exchange == exchange)


def test_the_services_that_publish_subscribe_or_call_each_need_a_user():
    assert services(contracts()) == ("enquiries", "notifications", "ops", "scheduling")


def test_the_rights_of_scheduling_written_out():
    queues = rf"rpc\.reply-scheduling-{UUID}|rpc-scheduling|scheduling\.inbox(\.v[0-9]+)?|scheduling\.dead(\.v[0-9]+)?"

    assert rights("scheduling") == Rights(
        configure=f"^({queues})$",
        write=rf"^(nameko-rpc|keytalk\.dead|scheduling\.events|{queues})$",
        read=rf"^(nameko-rpc|keytalk\.dead|enquiries\.events|{queues})$",
        topics=(
            TopicRights(
                "nameko-rpc",
                write=rf"^(enquiries\.get_enquiry|{UUID})$",
                read=rf"^({UUID}|scheduling\.\*)$",
            ),
            TopicRights("keytalk.dead", write=r"^(scheduling\.inbox)$", read=r"^(scheduling\.inbox)$"),
            TopicRights("enquiries.events", write="^$", read="^(enquiry_received|person_erased|stage_changed)$"),
            TopicRights(
                "scheduling.events",
                write="^(establishment_changed|expiry_near|facilitator_erased|gate_memo_changed|hold_changed|offer_made"
                "|offer_settled|run_changed|run_confirmed|session_recorded|task_needed)$",
                read="^$",
            ),
        ),
    )


def test_the_rights_of_the_gateway_written_out():
    events = r"enquiries\.events|notifications\.events|scheduling\.events"
    types = {source: [each.type for each in contracts() if each.source == source] for source in SERVICES}
    assert rights("ops") == Rights(
        configure=rf"^(rpc\.reply-ops-{UUID}|ops\.live-{UUID})$",
        write=rf"^(nameko-rpc|rpc\.reply-ops-{UUID}|ops\.live-{UUID})$",
        read=rf"^(nameko-rpc|{events}|rpc\.reply-ops-{UUID}|ops\.live-{UUID})$",
        topics=(
            TopicRights(
                "nameko-rpc",
                write=r"^(enquiries\.[a-z0-9_]+|scheduling\.[a-z0-9_]+|notifications\.[a-z0-9_]+)$",
                read=f"^({UUID})$",
            ),
            *(
                TopicRights(f"{source}.events", write="^$", read=f"^({'|'.join(types[source])})$")
                for source in sorted(SERVICES)
            ),
        ),
    )


@EACH
def test_every_exchange_a_service_may_touch_has_its_keys_written_out(service):
    exchanges = ["nameko-rpc", "keytalk.dead", *(f"{source}.events" for source in SERVICES)]
    may = rights(service)

    touched = {name for name in exchanges if re.search(may.write, name) or re.search(may.read, name)}

    assert touched == {item.exchange for item in may.topics}


@EACH
@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)
def test_an_event_may_be_published_by_its_source_and_bound_by_its_subscribers_alone(service, contract):
    exchange = f"{contract.source}.events"
    may = rights(service)
    keys = [item for item in may.topics if item.exchange == exchange]

    may_publish = bool(re.search(may.write, exchange)) and any(re.search(item.write, contract.type) for item in keys)
    may_bind = bool(re.search(may.read, exchange)) and any(re.search(item.read, contract.type) for item in keys)

    assert may_publish == (service == contract.source)
    assert may_bind == (service in contract.subscribers or service in LOOKS_ON)


@EACH
def test_no_service_may_declare_or_delete_an_exchange_or_touch_anothers_queue(service):
    may = rights(service)
    others = [name for name in services(contracts()) if name != service]
    queues = [
        queue
        for name in others
        for queue in (
            f"{name}.inbox",
            f"{name}.inbox.v2",
            f"{name}.dead",
            f"rpc-{name}",
            f"rpc.reply-{name}-{A_UUID}",
            f"{name}.live-{A_UUID}",
        )
    ]
    exchanges = ["nameko-rpc", "keytalk.dead", "amq.default", *(f"{name}.events" for name in SERVICES)]

    assert [name for name in (*exchanges, *queues) if re.search(may.configure, name)] == []
    assert [name for name in queues if re.search(may.read, name) or re.search(may.write, name)] == []
    assert not re.search(may.write, "amq.default")


@EACH
def test_only_who_answers_calls_may_put_answers_and_none_may_bind_all_keys(service):
    keys = topic(service, "nameko-rpc")

    assert bool(re.search(keys.write, A_UUID)) == (service != "ops")
    assert re.search(keys.read, A_UUID)
    assert not any(re.search(keys.read, key) for key in ("#", "*", "*.*", "#.*", "enquiries.#", "x.*"))


@EACH
def test_a_service_may_dead_letter_for_itself_alone(service):
    if not taken_by(service, contracts()):
        assert "keytalk.dead" not in {item.exchange for item in rights(service).topics}
        return
    keys = topic(service, "keytalk.dead")
    allowed = [name for name in SERVICES if re.search(keys.write, f"{name}.inbox")]

    assert allowed == [service]
    assert keys.write == keys.read


def calls_in(service: str) -> Iterator[str]:
    """Find each call that a service's code makes: a service and an operation, both written as text."""
    for path in (ROOT / "services" / service).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(args=[ast.Constant(value=str(other)), ast.Constant(value=str(operation)), *_]):
                    if other in SERVICES:
                        yield f"{other}.{operation}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_granted_calls_are_the_ones_that_the_code_makes(service):
    assert set(calls_in(service)) == set(MAY_CALL[service]), "write the change down in shared.messaging.rights.MAY_CALL"


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_the_gateway_may_call_all_that_it_offers(service, operation):
    assert re.search(topic("ops", "nameko-rpc").write, f"{service}.{operation}")


@EACH
def test_the_page_about_the_broker_shows_these_rights(service):
    page = (ROOT / "docs" / "broker.md").read_text()
    may = rights(service)

    shown = [may.configure, may.write, may.read, *(keys for item in may.topics for keys in (item.write, item.read))]

    assert [pattern for pattern in shown if pattern.replace(UUID, "UUID") not in page] == []
