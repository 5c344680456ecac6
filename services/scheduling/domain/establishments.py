"""The places sessions are held, their nations and what they ask for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from services.scheduling.domain.clearances import rank_of
from shared.nations import Nation

UNDER_18_REASONS: dict[str, str] = {
    "agreed_by_governor": "the governor or director has agreed",
    "agreed_by_youth_custody_service": "the Youth Custody Service has agreed",
    "staff_training_only": "only staff take part",
}
"""Why a programme may go to a place for people under 18: nothing is typed freely."""


@dataclass(frozen=True, slots=True)
class Establishment:
    """A place that takes programmes. `required_level` is the clearance it asks for (see `clearances`).

    `other_names` are what people may also call it: its Welsh name, names it had before. Lead times are working days
    before the first session that needs the paper; `report_minutes` is how long before a session people have to be at
    the gate, `exit_minutes` how long the way out takes. A place for people `under_18` takes no programme until that is
    approved. Raises ValueError for a level there is none of.
    """

    id: str
    name: str
    active: bool
    nation: Nation
    town: str
    required_level: str = "standard"
    other_names: tuple[str, ...] = ()
    ctc_required: bool = False
    under_18: bool = False
    under_18_approved: bool = False
    memo_lead_days: int = 10
    kit_lead_days: int = 15
    report_minutes: int = 60
    exit_minutes: int = 30

    def __post_init__(self) -> None:
        rank_of(self.required_level)


@dataclass(frozen=True, slots=True)
class Room:
    """A room that sessions are held in. `capacity` counts everybody in it, facilitators too."""

    id: UUID
    establishment_id: str
    name: str
    capacity: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class KitApproval:
    """What an establishment says to an item of kit: requested, approved (until a date, or for good) or refused."""

    item: str
    state: str
    valid_until: dt.date | None = None

    def holds_on(self, on: dt.date) -> bool:
        """Say whether the item may be brought in on that date."""
        return self.state == "approved" and (self.valid_until is None or on <= self.valid_until)
