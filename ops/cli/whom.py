"""Whom messages go to, by name: the ledger of messages has ids alone."""

from __future__ import annotations

from typing import Any

from ops.cli.client import CommandRefused, Gateway


def names_of_facilitators(gateway: Gateway) -> dict[str, str]:
    """Give the names of facilitators by id; none where scheduling cannot be asked: the ids then stand for them."""
    try:
        people = gateway.call("scheduling", "list_facilitators")
    except CommandRefused:
        return {}
    return {each["id"]: each["name"] for each in people}


def names_for(gateway: Gateway, recipients: list[str]) -> dict[str, str]:
    """Give the names of facilitators as `names_of_facilitators` does, where one is among some recipients."""
    return names_of_facilitators(gateway) if any(each.startswith("facilitator:") for each in recipients) else {}


def whom(recipient: str, names: dict[str, str]) -> str:
    """Say who a recipient is: a facilitator by name, an enquirer by their enquiry, anybody else as they are kept."""
    kind, _colon, key = recipient.partition(":")
    if kind == "facilitator":
        return names.get(key, recipient)
    return f"the contact of {key}" if kind == "enquirer" else recipient


def facilitator_called(gateway: Gateway, text: str) -> dict[str, Any] | None:
    """Give the one facilitator whose name has some words in it; None where that is nobody or several."""
    people = gateway.call("scheduling", "list_facilitators")
    found = [each for each in people if text.casefold() in each["name"].casefold()]
    return found[0] if len(found) == 1 else None
