"""Putting messages on the wire that no relay of ours would: repeats, strangers and poison."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import amqp

from shared.contracts.base import contract_for
from tests.faults.lab import Lab


def envelope(type_: str, subject: str, data: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Give an envelope as its publisher writes it; `changes` are put over it, and None leaves an attribute out."""
    contract = contract_for(type_)
    attributes = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": contract.source,
        "type": type_,
        "subject": subject,
        "sequence": "1",
        "time": "2026-11-24T09:30:00Z",
        "datacontenttype": "application/json",
        "dataschema": contract.dataschema,
        "data": dict(data),
    }
    return {name: value for name, value in {**attributes, **changes}.items() if value is not None}


def sample(type_: str, **changes: Any) -> dict[str, Any]:
    """Give the data of a contract's sample with some changes."""
    return {**contract_for(type_).sample, **changes}


def publish(lab: Lab, *envelopes: Mapping[str, Any] | str) -> None:
    """Publish envelopes where their source would, in this order."""
    for each in envelopes:
        text = each if isinstance(each, str) else json.dumps(each)
        read = json.loads(text)
        put(lab, read["type"], text, source=read["source"], message_id=read["id"])


def put(lab: Lab, type_: str, body: str | bytes, *, source: str | None = None, **properties: Any) -> None:
    """Put any bytes where the events of a type are published."""
    exchange = f"{source or contract_for(type_).source}.events"
    with lab.connect() as connection:
        connection.channel().basic_publish(
            amqp.Message(body, **{"content_type": "application/json", "delivery_mode": 2, **properties}),
            exchange=exchange,
            routing_key=type_,
        )


def handled(lab: Lab, service: str, id_: str | UUID) -> bool:
    """Say whether a service has handled an event."""
    query = "SELECT 1 FROM inbox WHERE event_id = :id AND state = 'handled'"
    return bool(lab.books.rows(service, query, id=UUID(str(id_))))
