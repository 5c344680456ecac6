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


@dataclass(frozen=True, slots=True)
class Told:
    """What one recipient would get by one letter: how often, and when first; `why` is why it would be withdrawn."""

    recipient: str
    template: str
    count: int
    first_due: str
    why: str = ""


def gathered(messages: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Gather messages, the first due first, by their reader and letter."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in messages:
        key = (each["recipient"], each["template"], each.get("cancelled_because") or "")
        found.setdefault(key, []).append(each["due_at"])
    return [Told(who, template, len(due), due[0], why) for (who, template, why), due in found.items()]


def plain(value: str | None) -> str:
    """Write a state or a kind as words: `part_delivered` becomes `Part delivered`."""
    words = str(value or "").replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def letter_name(template: str) -> str:
    """Write what a letter is called by its template: `run_confirmed_contact` is "Run confirmed, to the contact"."""
    name, _, audience = template.rpartition("_")
    return f"{plain(name)},{_AUDIENCES[audience]}" if audience in _AUDIENCES else plain(template)
