"""Whom messages go to, by name: the ledger of messages has ids alone."""

from __future__ import annotations

from typing import Any

from ops.cli.client import CommandRefused, Gateway

_NAMED = ("facilitator", "contact")
"""The kinds of recipients who are named by an id."""


def names_of_facilitators(gateway: Gateway) -> dict[str, str]:
    """Give the names of facilitators by id; none where scheduling cannot be asked: the ids then stand for them."""
    try:
        people = gateway.call("scheduling", "list_facilitators")
    except CommandRefused:
        return {}
    return {each["id"]: each["name"] for each in people}


def names_for(gateway: Gateway, recipients: list[str]) -> dict[str, str]:
    """Give the names of those among some recipients who are facilitators or contacts, by id; none who cannot be had."""
    named = {kind: {each.partition(":")[2] for each in recipients if each.startswith(f"{kind}:")} for kind in _NAMED}
    names = names_of_facilitators(gateway) if named["facilitator"] else {}
    return names | (_names_of_contacts(gateway, sorted(named["contact"])) if named["contact"] else {})


def _names_of_contacts(gateway: Gateway, ids: list[str]) -> dict[str, str]:
    try:
        people = gateway.call("enquiries", "list_contacts", ids=ids, limit=len(ids))
    except CommandRefused:
        return {}
    return {each["id"]: each["name"] for each in people if each["name"]}


def whom(recipient: str, names: dict[str, str]) -> str:
    """Say who a recipient is: by name, an enquirer by their enquiry, anybody else as they are kept."""
    kind, _colon, key = recipient.partition(":")
    if kind in _NAMED:
        return names.get(key, recipient)
    return f"the contact of {key}" if kind == "enquirer" else recipient


def facilitator_called(gateway: Gateway, text: str) -> dict[str, Any] | None:
    """Give the one facilitator whose name has some words in it; None where that is nobody or several."""
    people = gateway.call("scheduling", "list_facilitators")
    found = [each for each in people if text.casefold() in each["name"].casefold()]
    return found[0] if len(found) == 1 else None
