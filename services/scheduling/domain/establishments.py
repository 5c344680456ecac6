"""The places sessions are held, their nations and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass

from services.scheduling.domain.clearances import rank_of
from shared.nations import Nation


@dataclass(frozen=True, slots=True)
class Establishment:
    """A place that takes programmes. `required_level` is the clearance it asks for (see `clearances`).

    `other_names` are what people may also call it: its Welsh name, names it had before.

    Raises ValueError for a level there is none of.
    """

    id: str
    name: str
    active: bool
    nation: Nation
    town: str
    required_level: str = "standard"
    other_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rank_of(self.required_level)
