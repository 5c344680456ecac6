"""Who may do what on the broker, written out as RabbitMQ's permissions: one user a service, and no more than it needs.

Everything follows from the contracts (who publishes, who subscribes) and from `MAY_CALL`. A permission is a regular
expression over names of exchanges and queues: `configure` to declare and delete, `write` to publish to an exchange and
to bind a queue, `read` to consume a queue and to bind to an exchange. On a topic exchange a second pair says which
routing keys may be published and bound; an exchange without such a pair would be open to all keys, so every exchange
a service may touch has one. docs/broker.md shows the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.base import Contract
from shared.messaging.topology import DEAD_EXCHANGE, RPC_EXCHANGE, dead_key, events_exchange

MAY_CALL: Mapping[str, tuple[str, ...]] = {
    "enquiries": ("scheduling.export_person", "notifications.export_person"),
    "scheduling": ("enquiries.get_enquiry",),
    "notifications": (
        "enquiries.get_enquiry",
        "enquiries.get_reply",
        "enquiries.get_proposal_letter",
        "enquiries.count_quarantine",
        "enquiries.log_answer",
        "enquiries.add_note",
        "scheduling.get_facilitator",
        "scheduling.get_offer_letter",
        "scheduling.get_memo_letter",
        "scheduling.list_memos",
        "scheduling.get_kit_list",
        "scheduling.preview_expiries",
    ),
    "ops": ("enquiries.*", "scheduling.*", "notifications.*"),
}
"""Which operations of others each service calls; `*` stands for all of a service's."""

LOOKS_ON = ("ops",)
"""Who may hear every event on a queue of one process's own, which keeps nothing: `shared.messaging.broadcast`."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OPERATION = "[a-z0-9_]+"
_NOTHING = "^$"
_VERSION = r"(\.v[0-9]+)?"
"""What may follow the name of a queue, so that one with new settings can stand beside the old one for a while."""


@dataclass(frozen=True, slots=True)
class TopicRights:
    """The routing keys that a service may publish on a topic exchange (`write`) and bind to it (`read`)."""

    exchange: str
    write: str
    read: str


@dataclass(frozen=True, slots=True)
class Rights:
    """What one service may do on the broker."""

    configure: str
    write: str
    read: str
    topics: tuple[TopicRights, ...]


def services(contracts: Sequence[Contract]) -> tuple[str, ...]:
    """Give every service that needs a user on the broker, by name."""
    publish = {contract.source for contract in contracts}
    subscribe = {service for contract in contracts for service in contract.subscribers}
    return tuple(sorted(publish | subscribe | MAY_CALL.keys()))


def taken_by(service: str, contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    """Give the contracts of the events that a service must get."""
    return tuple(contract for contract in contracts if service in contract.subscribers)


def rights_of(service: str, contracts: Sequence[Contract]) -> Rights:
    """Give what a service may do, and so what it may not: all the rest."""
    queues = _queues(service, contracts)
    topics = _topics(service, contracts)
    return Rights(
        configure=_only(queues),
        write=_only([*(_literal(topic.exchange) for topic in topics if topic.write != _NOTHING), *queues]),
        read=_only([*(_literal(topic.exchange) for topic in topics if topic.read != _NOTHING), *queues]),
        topics=topics,
    )


def _queues(service: str, contracts: Sequence[Contract]) -> list[str]:
    """Give the patterns of a service's own queues."""
    queues = [rf"rpc\.reply-{service}-{_UUID}"]
    if _answers(service):
        queues.append(f"rpc-{service}")
    if taken_by(service, contracts):
        queues += [rf"{service}\.inbox{_VERSION}", rf"{service}\.dead{_VERSION}"]
    if service in LOOKS_ON:
        queues.append(rf"{service}\.live-{_UUID}")
    return queues


def _topics(service: str, contracts: Sequence[Contract]) -> tuple[TopicRights, ...]:
    """Give the routing keys of every exchange that a service may touch."""
    taken = taken_by(service, contracts)
    topics = [_calls(service)]
    if taken:
        key = _only([_literal(dead_key(service))])
        topics.append(TopicRights(DEAD_EXCHANGE.name, write=key, read=key))
    heard = tuple(contracts) if service in LOOKS_ON else taken
    for source in sorted({item.source for item in contracts if item.source == service or item in heard}):
        published = [item.type for item in contracts if item.source == source == service]
        bound = [item.type for item in heard if item.source == source]
        topics.append(TopicRights(events_exchange(source).name, write=_only(published), read=_only(bound)))
    return tuple(topics)


def _calls(service: str) -> TopicRights:
    """Give the keys of calls: what it may ask and the answers it may give, what it is asked and the answers it gets."""
    asks = [_literal(call).replace("*", _OPERATION) for call in MAY_CALL.get(service, ())]
    answers = _answers(service)
    return TopicRights(
        RPC_EXCHANGE.name,
        write=_only([*asks, *([_UUID] if answers else [])]),
        read=_only([_UUID, *([rf"{service}\.\*"] if answers else [])]),
    )


def _answers(service: str) -> bool:
    return any(call.startswith(f"{service}.") for calls in MAY_CALL.values() for call in calls)


def _only(patterns: Sequence[str]) -> str:
    return f"^({'|'.join(patterns)})$" if patterns else _NOTHING


def _literal(name: str) -> str:
    return name.replace(".", r"\.")
