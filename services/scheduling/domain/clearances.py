"""Who may come in, where, and between which dates: the dated facts that vetting leaves behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from services.scheduling.domain.words import in_words

LEVELS: dict[str, int] = {
    "escorted_visitor": 0,
    "baseline": 1,
    "standard": 2,
    "standard_plus": 2,
    "enhanced_1": 3,
    "enhanced_2": 4,
}
"""Clearance levels and their rank; a higher rank opens all that a lower one does.

The names are those of PSI 07/2014, which expired on 1 June 2018 with no public successor found; the ranking
is this project's. Standard Plus covers lived experience (PSI 27/2014) and opens what Standard does.
"""


ClearanceState = Literal["applied", "granted", "suspended", "refused"]
STATES: tuple[str, ...] = get_args(ClearanceState)
MOVES: dict[str, frozenset[str]] = {
    "applied": frozenset({"granted", "refused"}),
    "granted": frozenset({"suspended"}),
    "suspended": frozenset({"granted", "refused"}),
    "refused": frozenset({"applied", "granted"}),
}
"""What a clearance can become, by what it is."""

Word = Literal["valid", "expiring", "suspended", "not_yet", "below_level", "expired", "applied", "refused", "none"]
"""How somebody stands with a place. `not_yet`: granted, but from a later day or not on the gate's list so far."""

SOON = dt.timedelta(days=90)
"""What ends within it is expiring: the first notice of an end is given then (domain notes, section 5.3)."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """One facilitator's access to one establishment, both dates included, as the decision letter has them.

    Each prison decides on entry itself, so a clearance never carries to another. It opens the gate only once it is
    granted and its holder is on the gate's list (`site_access`). `keys_until` is the last day they may carry keys.
    Raises ValueError, naming the field and the mend, for an unknown level or dates in the wrong order.
    """

    facilitator_id: UUID
    establishment_id: str
    level: str
    valid_from: dt.date
    valid_until: dt.date
    state: ClearanceState = "granted"
    site_access: bool = True
    ctc: bool = False
    keys_until: dt.date | None = None

    def __post_init__(self) -> None:
        rank_of(self.level)
        if self.valid_until < self.valid_from:
            raise ValueError(
                f"valid_until: a clearance cannot end before it starts on {in_words(self.valid_from)}. "
                "Give that date or a later one."
            )
        if self.keys_until is not None and self.keys_until < self.valid_from:
            raise ValueError(
                f"keys_until: keys cannot end before the clearance starts on {in_words(self.valid_from)}. "
                "Give that date or a later one, or none where they carry no keys."
            )

    def covers(self, on: dt.date, needed_level: str) -> bool:
        """Say whether it lets its holder in on that date, where `needed_level` is asked for."""
        opens = self.state == "granted" and self.site_access
        return opens and self.reaches(needed_level) and self.valid_from <= on <= self.valid_until

    def reaches(self, needed_level: str) -> bool:
        """Say whether its level is at least the one asked for. An unknown one raises ValueError."""
        return rank_of(self.level) >= rank_of(needed_level)


def rank_of(level: str) -> int:
    """Give the rank of a clearance level. Raises ValueError naming the known ones."""
    if level not in LEVELS:
        raise ValueError(f"level: no clearance level is called {level!r}. Give one of {', '.join(LEVELS)}.")
    return LEVELS[level]


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands with a place on a day.

    `clearance` is the one that says so. `until` is the last day they can come in without a break, counting renewals.
    `renewal` is the state of a later one that is applied for, or is granted and does not carry on yet.
    """

    word: Word
    clearance: Clearance | None = None
    until: dt.date | None = None
    renewal: ClearanceState | None = None


def standing(held: Iterable[Clearance], on: dt.date, needed_level: str) -> Standing:
    """Say how somebody stands on a day with a place that asks for a level. `held` are theirs for that place."""
    all_held = tuple(held)
    opening = [each for each in all_held if each.covers(on, needed_level)]
    if opening:
        until = _without_a_break(all_held, on, needed_level)
        best = max(opening, key=lambda each: each.valid_until)
        word: Word = "expiring" if until - on <= SOON else "valid"
        return Standing(word, best, until, _renewal(all_held, until))
    described = [(_word_for(each, on, needed_level), each) for each in all_held]
    if not described:
        return Standing("none")
    found, best = min(described, key=lambda pair: (_FIRST.index(pair[0]), -pair[1].valid_until.toordinal()))
    return Standing(found, best, None, _renewal([each for each in all_held if each is not best], best.valid_until))


_FIRST: tuple[Word, ...] = ("suspended", "not_yet", "below_level", "expired", "applied", "refused")
"""Of several that do not open the gate today, which one is told of."""


def _word_for(clearance: Clearance, on: dt.date, needed_level: str) -> Word:
    if clearance.state in {"applied", "refused"}:
        return "applied" if clearance.state == "applied" else "refused"
    if clearance.valid_until < on:
        return "expired"
    if clearance.state == "suspended":
        return "suspended"
    return "not_yet" if clearance.reaches(needed_level) else "below_level"


def _without_a_break(held: Iterable[Clearance], on: dt.date, needed_level: str) -> dt.date:
    """Give the last day that clearances cover, each beginning by the day after the one before it ends."""
    until = on
    opening = [each for each in held if each.state == "granted" and each.site_access and each.reaches(needed_level)]
    for each in sorted(opening, key=lambda each: each.valid_from):
        if each.valid_from.toordinal() <= until.toordinal() + 1:
            until = max(until, each.valid_until)
    return until


def _renewal(held: Iterable[Clearance], until: dt.date) -> ClearanceState | None:
    later = {each.state for each in held if each.valid_until > until}
    return "granted" if "granted" in later else "applied" if "applied" in later else None
