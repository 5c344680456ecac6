"""Why a session does not take place, on whose side that lies, what is done about it, and whether it is charged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal, get_args

from services.scheduling.domain.programmes import Programme

Cause = Literal[
    "lockdown_or_incident",
    "prison_staff_shortage",
    "prison_staff_training",
    "room_unavailable",
    "no_escort",
    "late_unlock",
    "not_required",
    "low_numbers",
    "gate_or_clearance",
    "kit_refused",
    "facilitator_unavailable",
    "travel_or_weather",
    "technical_failure",
    "commissioner_request",
    "other",
]
Party = Literal["prison", "provider", "commissioner", "external"]
Remedy = Literal["cascade", "make_up", "merge", "drop"]
ChargeReason = Literal["agreed_with_them", "goodwill", "terms_of_the_agreement", "told_earlier", "told_later"]

CAUSES: Final[tuple[str, ...]] = get_args(Cause)
PARTIES: Final[tuple[str, ...]] = get_args(Party)
REMEDIES: Final[tuple[str, ...]] = get_args(Remedy)
CHARGE_REASONS: Final[tuple[str, ...]] = get_args(ChargeReason)
"""Why somebody decided otherwise than the rule says, in a word: free text would sooner or later name somebody."""

INCIDENTS: Final[frozenset[str]] = frozenset({"lockdown_or_incident"})
"""Causes that nobody could help: never charged."""

IN_GOOD_TIME: Final = dt.timedelta(hours=48)
"""Notice from which on a prison owes nothing for a session that falls out; a default of this project."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What somebody decided on charging for a session, otherwise than the rule, and why in a word from the list."""

    chargeable: bool
    reason: str


def notice_minutes(starts_at: dt.datetime, now: dt.datetime) -> int:
    """Give the whole minutes from now to the start of a session: 0 once it has begun. Both are aware."""
    return max(0, int((starts_at - now).total_seconds() // 60))


def is_chargeable(cause: str, party: str, notice: int) -> bool:
    """Say whether a session that falls out is charged all the same, by the rule of this project.

    Only what lies with the prison and is told less than 48 hours before. An incident is nobody's doing and is never
    charged; nor is anything on our own side, or on a third side. `notice` is in minutes.
    """
    late = dt.timedelta(minutes=notice) < IN_GOOD_TIME
    return party == "prison" and cause not in INCIDENTS and late


def price_of_session(programme: Programme, group_size: int | None) -> int | None:
    """Give the price of one session in pence; None where it goes by person and nobody knows how many.

    A price by person is for the whole programme, so one session is its share of that, rounded down.
    """
    if programme.price_unit == "session":
        return programme.price_pence
    if group_size is None:
        return None
    return programme.price_pence * group_size // programme.sessions
