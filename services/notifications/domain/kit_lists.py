"""What a kit list says to the prison: what is agreed, what is asked for, and what it said no to.

Source: domain notes, section 5.3, "kit list".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NO_KIT = "This run brings nothing in."
ALL_REFUSED = "The prison has said no to all that this run would bring in."

_GROUPS = {"approved": "agreed", "refused": "refused"}
"""By how an item stands. What was asked for or not, and what is agreed for too short a time, is still to be agreed."""


def kit_told(items: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Give what is said of a run's items: those that are `agreed`, `to_agree` and `refused`.

    `items` are as scheduling gives them in a kit list. `until` is the last day of an approval that ends before the run.
    """
    told: dict[str, list[dict[str, Any]]] = {"agreed": [], "to_agree": [], "refused": []}
    for each in items:
        until = each["valid_until"] if each["standing"] == "lapses" else None
        said = {"item": each["item"], "quantity": each["quantity"], "counted": each["counted"], "until": until}
        told[_GROUPS.get(each["standing"], "to_agree")].append({**said, "sharp": each["risk"] == "sharp"})
    return told


def why_no_kit_list(told: Mapping[str, list[dict[str, Any]]]) -> str | None:
    """Say why there is no list to send, or None where there is one."""
    if told["agreed"] or told["to_agree"]:
        return None
    return ALL_REFUSED if told["refused"] else NO_KIT
