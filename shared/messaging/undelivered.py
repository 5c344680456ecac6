"""What the broker gave up on: messages of a service's dead-letter queue, made visible in its inbox."""

from __future__ import annotations

import base64
import hashlib
import logging
from typing import Any
from uuid import UUID, uuid5

from shared.messaging.envelope import Envelope, NotAnEnvelope
from shared.messaging.inbox import Inbox
from shared.messaging.topology import events_exchange, inbox_queue

_log = logging.getLogger(__name__)

_UNREAD = UUID("2f8e9b0c-6d55-5f0e-9d6f-0a4c7c1f3e11")
"""The namespace of the ids given to messages that bring none: the same message gets the same id again."""

_MOST_TEXT = 100_000
"""Characters that are kept of a message that could not be read."""

_WHY = {
    "delivery_limit": "It was delivered again and again and never acknowledged: handling it may end the process.",
    "rejected": "It could not be read as an event.",
}


def require_origin(envelope: Envelope, exchange: str, routing_key: str) -> None:
    """Raise `NotAnEnvelope` unless an envelope came the way of its source and type.

    The broker sees to it that a service publishes on its own exchange only; what the envelope says of itself, anyone
    who may publish at all could have written.
    """
    if (exchange, routing_key) != (events_exchange(envelope.source).name, envelope.type):
        raise NotAnEnvelope(f"source: {envelope.type} of {envelope.source} came by '{exchange}' as '{routing_key}'")


def bury(inbox: Inbox, message: Any, service: str) -> None:
    """Store one message of a service's dead-letter queue as a dead row of its inbox, for an operator to see.

    It may come more than once: the row is there once. Raises `Refused("unavailable")` when the database is away.
    """
    death = _death_of(message, service)
    reason = death.get("reason", "unknown")
    try:
        envelope = Envelope.from_json(message.body)
        require_origin(envelope, death.get("exchange", ""), next(iter(death.get("routing-keys", ())), ""))
    except NotAnEnvelope as error:
        text = _text_of(message.body)
        event_id = uuid5(_UNREAD, hashlib.sha256(text.encode()).hexdigest())
        row = {
            "event_id": event_id,
            "type": "unread",
            "envelope": text[:_MOST_TEXT],
            "error": f"NotAnEnvelope: {error}",
        }
        inbox.bury_unread(row)
    else:
        event_id = envelope.id
        inbox.bury(envelope, _WHY.get(reason, f"The broker gave it up: {reason}."))
    _log.error("dead letter stored", extra={"event_id": str(event_id), "reason": reason})


def _death_of(message: Any, service: str) -> dict[str, Any]:
    """Give what the broker wrote about why a message left the service's inbox; nothing where it came another way."""
    deaths: Any = (message.headers or {}).get("x-death")
    try:
        death = deaths[0]
        return dict(death) if death["queue"] == inbox_queue(service).name else {}
    except (TypeError, LookupError, ValueError):
        return {}


def _text_of(body: bytes | str) -> str:
    """Give a body as text that a database can hold; what is no text is written in base64."""
    if isinstance(body, str):
        return body.replace("\x00", "\ufffd")
    try:
        return body.decode().replace("\x00", "\ufffd")
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(body).decode()
