"""Finds the person behind a recipient, by asking the service that owns them at the moment of sending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.notifications.delivery import Person
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import OPS
from shared.errors import Refused

Call = Callable[..., Any]
"""Calls another service: `call("enquiries", "get_enquiry", reference=...)`."""


class ServiceDirectory:
    """Asks enquiries about enquirers and scheduling about facilitators. Keeps nothing."""

    def __init__(self, call: Call, ops_mailbox: str) -> None:
        self._call = call
        self._ops_mailbox = ops_mailbox

    def look_up(self, message: Message) -> Person:
        """Give the person and the facts that only their owner holds."""
        kind, _colon, key = message.recipient.partition(":")
        if kind == OPS:
            return Person(self._ops_mailbox, self._what_was_asked(message))
        if kind == "enquirer":
            enquiry = self._call("enquiries", "get_enquiry", reference=key)
            name = {"name": enquiry["contact"]["name"]}
            return Person(enquiry["contact"]["email"], {**name, **_asked(message, enquiry)})
        if kind == "facilitator":
            person = self._call("scheduling", "get_facilitator", facilitator=key)
            return Person(person["email"], {"name": person["name"]})
        raise Refused("not_found", f"Nobody is known as {kind}.")

    def _what_was_asked(self, message: Message) -> dict[str, Any]:
        reference = message.facts.get("reference")
        if reference is None:
            return {}
        return _asked(message, self._call("enquiries", "get_enquiry", reference=reference))


def _asked(message: Message, enquiry: dict[str, Any]) -> dict[str, Any]:
    """Give what the enquirer asked for, in words; a run's messages have the run's own facts instead."""
    if not message.template.startswith("enquiry_received"):
        return {}
    return {
        "programme": enquiry["programme_name"],
        "establishment": enquiry["establishment"],
        "group_size": enquiry["group_size"],
        "preferred_start": enquiry["preferred_start"],
    }
