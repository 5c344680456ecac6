"""Who would be told, as a dry run of a change says it, put so that a person can take it in.

A run that is confirmed brings dozens of reminders: each letter is named once for each reader, with how often and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TELLS = "would_tell"
"""Where the gateway's answer to a dry run says what would be sent and withdrawn; None where that is not known now."""

_AUDIENCES = {"contact": " to the contact", "facilitator": " to facilitators", "ops": " to our team"}


_IN_OUTLINE = ("template", "due_at", "cancelled_because")


def in_outline(tells: Mapping[str, Any], stands_for: str | None) -> dict[str, Any]:
    """Give who would be told to somebody who sees what is theirs: of other facilitators not which, of none the why."""
    return {kind: [_outlined(each, stands_for) for each in those] for kind, those in tells.items()}


def _outlined(message: Mapping[str, Any], stands_for: str | None) -> dict[str, Any]:
    kind, _colon, key = message["recipient"].partition(":")
    recipient = message["recipient"] if kind != "facilitator" or key == stands_for else kind
    return {"recipient": recipient} | {name: message[name] for name in _IN_OUTLINE if name in message}


@dataclass(frozen=True, slots=True)
class Told:
    """What one recipient would get by one letter: how often, and when first; `why` is why it would be withdrawn.

    `is_reminder`: it comes by a rule of reminders, at its time.
    """

    recipient: str
    template: str
    count: int
    first_due: str
    why: str = ""
    is_reminder: bool = False


def gathered(messages: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Gather messages, the first due first, by their reader and letter."""
    found: dict[tuple[str, str, str, bool], list[str]] = {}
    for each in messages:
        by_rule = each.get("rule") is not None
        key = (each["recipient"], each["template"], each.get("cancelled_because") or "", by_rule)
        found.setdefault(key, []).append(each["due_at"])
    return [Told(who, template, len(due), due[0], why, by_rule) for (who, template, why, by_rule), due in found.items()]


def plain(value: str | None) -> str:
    """Write a state or a kind as words: `part_delivered` becomes `Part delivered`."""
    words = str(value or "").replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def letter_name(template: str) -> str:
    """Write what a letter is called by its template: `run_confirmed_contact` is "Run confirmed, to the contact"."""
    name, _, audience = template.rpartition("_")
    return f"{plain(name)},{_AUDIENCES[audience]}" if audience in _AUDIENCES else plain(template)
