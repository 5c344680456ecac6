"""The attributes of the envelope that carries every event, described for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.base import Contract
from shared.contracts.shape import Shape
from shared.messaging.envelope import SPEC_VERSION, Envelope

_TEXT: Shape = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the envelope: its name on the wire, its shape, what it means and whether it is always there."""

    name: str
    shape: Shape
    meaning: str
    always: bool = True


ATTRIBUTES = (
    Attribute("specversion", {"const": SPEC_VERSION}, "The version of CloudEvents."),
    Attribute("id", {"type": "string", "format": "uuid"}, "The event's id: the same in every repetition and replay."),
    Attribute("source", _TEXT, "The service that publishes it."),
    Attribute("type", _TEXT, "What happened. It is the routing key too."),
    Attribute("subject", _TEXT, "What it happened to. Events of one subject keep their order."),
    Attribute(
        "sequence", {"type": "string", "pattern": "^[0-9]+$"}, "The event's place among those of its subject, from 1."
    ),
    Attribute("time", {"type": "string", "format": "date-time"}, "When it happened."),
    Attribute("datacontenttype", {"const": "application/json"}, "How `data` is written."),
    Attribute("dataschema", _TEXT, "The name of the shape of `data`."),
    Attribute("correlationid", _TEXT, "What everything that one request led to has in common."),
    Attribute("causationid", _TEXT, "The id of the event that led to this one, where there is one.", always=False),
    Attribute("traceparent", _TEXT, "The W3C trace that it belongs to, where tracing is on.", always=False),
    Attribute("data", {"type": "object"}, "The event itself. It holds ids and choices, never personal data."),
)


def sample_envelope(contract: Contract) -> dict[str, Any]:
    """Give the envelope of a contract's sample, with every attribute filled in."""
    return Envelope.of(
        contract.load(contract.sample),
        id=UUID("0192f0c8-0000-7000-8000-0000000000e2"),
        source=contract.source,
        subject=str(contract.sample[contract.subject]),
        sequence=1,
        time=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        correlation_id="0192f0c8-0000-7000-8000-0000000000e0",
        causation_id="0192f0c8-0000-7000-8000-0000000000e1",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ).as_dict()
