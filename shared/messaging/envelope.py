"""The envelope of every event: CloudEvents 1.0, structured JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.base import Event, contract_of

SPEC_VERSION = "1.0"


LONGEST = 100
"""Characters of an attribute that a table has a column for."""


class NotAnEnvelope(Exception):
    """What arrived is not an envelope of ours; the message says which attribute is at fault."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with what is needed to carry, order and repeat it safely. `data` holds ids, never personal data."""

    id: UUID
    source: str
    type: str
    subject: str
    sequence: int
    time: datetime
    data: Mapping[str, Any]
    dataschema: str
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None

    @classmethod
    def of(cls, event: Event, **attributes: Any) -> Envelope:
        """Wrap an event of the published language."""
        contract = contract_of(type(event))
        attributes["correlation_id"] = attributes.get("correlation_id") or str(attributes["id"])
        return cls(type=contract.type, data=contract.dump(event), dataschema=contract.dataschema, **attributes)

    def as_dict(self) -> dict[str, Any]:
        """Give the structured-mode attributes, as a stock listener receives them."""
        attributes = {
            "specversion": SPEC_VERSION,
            "id": str(self.id),
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "sequence": str(self.sequence),
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "dataschema": self.dataschema,
            "correlationid": self.correlation_id,
            "causationid": self.causation_id,
            "traceparent": self.traceparent,
            "data": dict(self.data),
        }
        return {name: value for name, value in attributes.items() if value is not None}

    def to_json(self) -> str:
        """Give the envelope as compact JSON text."""
        return json.dumps(self.as_dict(), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Envelope:
        """Read an envelope, or raise `NotAnEnvelope`. Attributes that we do not know are left aside."""
        try:
            attributes = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NotAnEnvelope(f"not JSON: {error}") from None
        if (b"\\u" if isinstance(text, bytes) else "\\u") in text:  # type: ignore[operator]
            _require_storable(attributes)
        return cls.from_dict(attributes)

    @classmethod
    def from_dict(cls, attributes: Any) -> Envelope:
        """Read an envelope from its attributes, or raise `NotAnEnvelope`."""
        if not isinstance(attributes, dict) or attributes.get("specversion") != SPEC_VERSION:
            raise NotAnEnvelope("specversion: a CloudEvents 1.0 object was expected")
        try:
            return cls(
                id=UUID(attributes["id"]),
                source=_text(attributes, "source"),
                type=_text(attributes, "type"),
                subject=_text(attributes, "subject"),
                sequence=int(attributes["sequence"]),
                time=datetime.fromisoformat(attributes["time"]),
                data=_mapping(attributes, "data"),
                dataschema=_text(attributes, "dataschema"),
                correlation_id=attributes.get("correlationid"),
                causation_id=attributes.get("causationid"),
                traceparent=attributes.get("traceparent"),
            )
        except KeyError as error:
            raise NotAnEnvelope(f"{error.args[0]}: missing") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise NotAnEnvelope(str(error)) from None


def _text(attributes: dict[str, Any], name: str) -> str:
    value = attributes[name]
    if not isinstance(value, str) or len(value) > LONGEST:
        raise TypeError(f"{name}: text of up to {LONGEST} characters was expected")
    return value


def _require_storable(attributes: Any) -> None:
    """Refuse what only an escape can bring into JSON and no database can hold: a NUL, half a surrogate pair."""
    try:
        written = json.dumps(attributes, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise NotAnEnvelope("text: it holds half a character (a lone surrogate)") from None
    if b"\\u0000" in written:
        raise NotAnEnvelope("text: it holds a NUL character")


def _mapping(attributes: dict[str, Any], name: str) -> dict[str, Any]:
    value = attributes[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name}: an object was expected")
    return value
