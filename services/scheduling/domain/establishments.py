"""The places sessions are held, their nations and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.scheduling.domain.clearances import rank_of

Nation = Literal["england", "wales", "scotland", "northern-ireland"]
Division = Literal["england-and-wales", "scotland", "northern-ireland"]


@dataclass(frozen=True, slots=True)
class Establishment:
    """A place that takes programmes. `required_level` is the clearance it asks for (see `clearances`).

    Raises ValueError for a level there is none of.
    """

    id: str
    name: str
    active: bool
    nation: Nation
    town: str
    required_level: str = "standard"

    def __post_init__(self) -> None:
        rank_of(self.required_level)


def division_of(nation: Nation) -> Division:
    """Give the bank-holiday division of a nation, as GOV.UK names the three in its feed."""
    if nation in {"england", "wales"}:
        return "england-and-wales"
    return "scotland" if nation == "scotland" else "northern-ireland"
