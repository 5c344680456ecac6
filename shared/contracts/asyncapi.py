"""The published language as an AsyncAPI 3.0 document, for tools that read one."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from shared.contracts.base import Contract
from shared.contracts.shape import Shape, shape_of
from shared.contracts.wire import ATTRIBUTES, sample_envelope
from shared.messaging.topology import events_exchange, inbox_queue

_BINDING = {"bindingVersion": "0.3.0"}
_DESCRIPTION = (
    "What the services of Keytalk tell one another, each event in a CloudEvents 1.0 envelope (structured JSON). "
    "An event is delivered at least once, in order among the events of its subject. "
    "Readers leave aside fields, attributes and types that they do not know."
)


def asyncapi_document(contracts: Sequence[Contract]) -> dict[str, Any]:
    """Describe the events: a channel each, a `send` of its publisher, a `receive` of each subscriber."""
    return {
        "asyncapi": "3.0.0",
        # The language only grows, so its version never moves.
        "info": {"title": "Keytalk's events", "version": "1", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {contract.type: _channel(contract) for contract in contracts},
        "operations": {name: operation for contract in contracts for name, operation in _operations(contract)},
        "components": {
            "messages": {contract.type: _message(contract) for contract in contracts},
            "schemas": {"envelope": _envelope(), **{contract.type: shape_of(contract) for contract in contracts}},
        },
    }


def _channel(contract: Contract) -> dict[str, Any]:
    exchange = events_exchange(contract.source)
    return {
        "address": contract.type,
        "title": f"{contract.type} on {exchange.name}",
        "messages": {contract.type: _ref("components", "messages", contract.type)},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": exchange.name,
                    "type": exchange.type,
                    "durable": exchange.durable,
                    "autoDelete": exchange.auto_delete,
                },
                **_BINDING,
            }
        },
    }


def _operations(contract: Contract) -> list[tuple[str, dict[str, Any]]]:
    send = _operation(
        contract,
        "send",
        f"{contract.source} publishes this with the commit that makes it true.",
        {"deliveryMode": 2, "mandatory": True},
    )
    receives = [
        (
            f"{service}_receives_{contract.type}",
            _operation(
                contract, "receive", f"{service} takes this from the queue {inbox_queue(service).name}.", {"ack": True}
            ),
        )
        for service in contract.subscribers
    ]
    return [(f"{contract.source}_sends_{contract.type}", send), *receives]


def _operation(contract: Contract, action: str, summary: str, binding: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": _ref("channels", contract.type),
        "summary": summary,
        "messages": [_ref("channels", contract.type, "messages", contract.type)],
        "bindings": {"amqp": {**binding, **_BINDING}},
    }


def _message(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.type,
        "summary": inspect.getdoc(contract.cls),
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/correlationid"},
        "bindings": {"amqp": {"contentEncoding": "utf-8", "messageType": contract.type, **_BINDING}},
        "payload": {"allOf": [_ref("components", "schemas", "envelope"), _particulars(contract)]},
        "examples": [{"name": contract.type, "payload": sample_envelope(contract)}],
    }


def _particulars(contract: Contract) -> Shape:
    """What one event's envelope says beyond what all do."""
    return {
        "type": "object",
        "properties": {
            "type": {"const": contract.type},
            "source": {"const": contract.source},
            "dataschema": {"const": contract.dataschema},
            "data": _ref("components", "schemas", contract.type),
        },
    }


def _envelope() -> Shape:
    return {
        "type": "object",
        "properties": {item.name: {**item.shape, "description": item.meaning} for item in ATTRIBUTES},
        "required": [item.name for item in ATTRIBUTES if item.always],
    }


def _ref(*path: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(path)}
