"""What scheduling can be asked to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from services.scheduling.domain.dates import AskedWindow
from services.scheduling.domain.offers import OfferRole
from services.scheduling.domain.programmes import Mode

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A run for an enquiry, from a date on. `weekday` is one of `WEEKDAYS`; None means: choose for me.

    `establishment` and `programme` are what the enquiry says, where they are None.
    """

    start: dt.date
    weekday: str | None = None
    window: AskedWindow | None = None
    facilitators: tuple[UUID, ...] = ()
    establishment: str | None = None
    time: dt.time | None = None
    mode: Mode = "in_person"
    room: UUID | None = None
    group_size: int | None = None
    programme: str | None = None


@dataclass(frozen=True, slots=True)
class FindSlots:
    """A place and a time for a run that does not exist yet. What is None comes from the enquiry, or is free."""

    enquiry: str | None = None
    establishment: str | None = None
    programme: str | None = None
    earliest: dt.date | None = None
    latest: dt.date | None = None
    weekday: str | None = None
    window: AskedWindow | None = None
    mode: Mode = "in_person"
    group_size: int | None = None
    limit: int = 10


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """Ask a facilitator to lead some sessions of one run; `role` is "cover" or "regular".

    `instead_of` is whom they would stand in for, where that person leads the sessions still or until just now.
    """

    session_ids: tuple[UUID, ...]
    facilitator_id: UUID
    role: OfferRole = "cover"
    instead_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class OverrideRule:
    """A rule that is not to be kept, on one session or on a whole run, and why in a person's words."""

    rule: str
    session_id: UUID | None
    reason: str
