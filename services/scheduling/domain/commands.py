"""What scheduling can be asked to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from services.scheduling.domain.dates import AskedWindow
from services.scheduling.domain.programmes import Mode

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A run for an enquiry, from a date on. `weekday` is one of `WEEKDAYS`; None means: choose for me."""

    start: dt.date
    weekday: str | None = None
    window: AskedWindow | None = None
    facilitators: tuple[UUID, ...] = ()
    establishment: str | None = None
    time: dt.time | None = None
    mode: Mode = "in_person"
    room: UUID | None = None
    group_size: int | None = None
