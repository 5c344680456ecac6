"""Who may come in, where, and between which dates: the dated facts that vetting leaves behind."""

from __future__ import annotations

import datetime as dt
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
