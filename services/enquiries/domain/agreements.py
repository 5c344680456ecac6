"""Agreements: who has signed, and what has been taken up of the places or sessions agreed.

Source: domain notes, section 5.1.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from shared.errors import Refused


class AgreementState(StrEnum):
    """Where an agreement stands. `amended`: a later version was agreed in its place."""

    AWAITING_SIGNATURE = "awaiting_signature"
    SIGNED = "signed"
    AMENDED = "amended"
    ENDED = "ended"


class Side(StrEnum):
    """Who signs."""

    PRISON = "prison"
    US = "us"


class How(StrEnum):
    """The way a signature was given: through the link, on paper, or by an operator at the console."""

    LINK = "link"
    PAPER = "paper"
    CONSOLE = "console"


IN_FORCE = (AgreementState.AWAITING_SIGNATURE, AgreementState.SIGNED)
"""States of an agreement that still counts."""

_WHY_NOT = {
    AgreementState.AWAITING_SIGNATURE: "it is not signed by both sides yet. Sign it first",
    AgreementState.AMENDED: "a later version was agreed in its place. Use that one",
    AgreementState.ENDED: "it has ended. A new proposal can follow it",
}


def is_signed_by_both(sides: Collection[Side]) -> bool:
    """Say whether an agreement stands."""
    return set(sides) == set(Side)


def check_in_force(state: AgreementState) -> None:
    """Raise `Refused("refused")` for an agreement that is amended or ended."""
    if state not in IN_FORCE:
        raise Refused("refused", f"This cannot be done with the agreement: {_WHY_NOT[state]}.")


def balance_after(state: AgreementState, *, agreed: int, drawn: int, units: int, unit: str) -> int:
    """Give what is left of `agreed` after `units` more are taken up; a negative number gives some back.

    Raises `Refused`: "refused" where the agreement is not in force or does not hold so many, "invalid" for nothing.
    """
    if state is not AgreementState.SIGNED:
        raise Refused("refused", f"Nothing can be drawn from the agreement: {_WHY_NOT[state]}.")
    if units == 0:
        raise _refused("Say how many are taken up; a negative number gives some back.", invalid=True)
    left = agreed - drawn
    if units > left:
        raise _refused(
            f"Of {_counted(agreed, unit)} agreed, {left} {'is' if left == 1 else 'are'} left, so {units} cannot be "
            "taken up. Take up fewer, or agree on a new version first."
        )
    if -units > drawn:
        raise _refused(
            f"Only {_counted(drawn, unit)} {'was' if drawn == 1 else 'were'} taken up, so {-units} cannot "
            "be given back."
        )
    return left - units


def check_carries_over(*, agreed: int, drawn: int, unit: str) -> None:
    """Raise `Refused` where a new version would hold less than has been taken up of the former one."""
    if drawn > agreed:
        raise Refused(
            "refused",
            f"{_counted(drawn, unit)} of the former version {'is' if drawn == 1 else 'are'} taken up already, and "
            f"this one holds {agreed}. Give some back first, or agree on more.",
        )


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _refused(why: str, *, invalid: bool = False) -> Refused:
    return Refused("invalid" if invalid else "refused", why, {"units": [why]})
