"""What a run brings in with it: what is on the list, what is done without, and whether it all came out again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.scheduling.domain.establishments import KitApproval
from services.scheduling.domain.programmes import KitItem, Programme, Risk

Standing = Literal["approved", "requested", "refused", "lapses", "not_asked"]

CHOICES: Final[tuple[str, ...]] = (
    "Leave it out: keytalk kit leave-out RUN ITEM",
    "Bring something else: keytalk kit leave-out RUN ITEM --instead OTHER",
)
"""What can be done about an item that an establishment has refused."""


@dataclass(frozen=True, slots=True)
class Packed:
    """An item that is brought in to each session, and how many of it. `instead_of` is what it replaces."""

    item: str
    quantity: int
    risk: Risk = "ordinary"
    counted: bool = False
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """An item of which another number came out than went in."""

    item: str
    counted_out: int
    counted_in: int

    @property
    def missing(self) -> int:
        """How many did not come back; below zero, how many more came than went."""
        return self.counted_out - self.counted_in


def packing_list(programme: Programme, left_out: Mapping[str, str | None]) -> tuple[Packed, ...]:
    """Give what a run brings: the programme's kit, without what is left out, with what comes instead.

    `left_out` says for each item left out what comes instead of it, or None. As many come as of what it replaces.
    """
    return tuple(_packed(each, left_out) for each in programme.kit if not _is_dropped(each, left_out))


def _is_dropped(item: KitItem, left_out: Mapping[str, str | None]) -> bool:
    return item.item in left_out and left_out[item.item] is None


def _packed(item: KitItem, left_out: Mapping[str, str | None]) -> Packed:
    instead = left_out.get(item.item)
    if instead is None:
        return Packed(item.item, item.quantity, item.risk, item.counted)
    return Packed(instead, item.quantity, counted=item.counted, instead_of=item.item)


def standing_of(item: str, approvals: Mapping[str, KitApproval], last: dt.date) -> Standing:
    """Say how an item stands with an establishment, for sessions up to `last`.

    An approval that ends before then "lapses".
    """
    approval = approvals.get(item)
    if approval is None:
        return "not_asked"
    if approval.state == "approved":
        return "approved" if approval.holds_on(last) else "lapses"
    return "refused" if approval.state == "refused" else "requested"


def wrong_counts(packed: Iterable[Packed], counts: Mapping[str, int]) -> list[str]:
    """Say what is wrong with a count of what goes in: an item that is not brought, too many, one that is not counted.

    What has to be counted and is not named is wrong too: a count that leaves something out protects nobody.
    """
    listed = {each.item: each for each in packed}
    strange = [f"'{item}' is not on the kit list of this run." for item in counts if item not in listed]
    many = [
        f"The list has {listed[item].quantity} of '{item}', and {number} are more than was agreed."
        for item, number in counts.items()
        if item in listed and number > listed[item].quantity
    ]
    missing = [f"Count '{item}' too." for item, each in listed.items() if each.counted and item not in counts]
    return [*strange, *many, *missing]


def differences(out: Mapping[str, int], back: Mapping[str, int]) -> tuple[Difference, ...]:
    """Give the items of which another number came out than went in, by item."""
    return tuple(Difference(item, out[item], back[item]) for item in sorted(out) if out[item] != back[item])
