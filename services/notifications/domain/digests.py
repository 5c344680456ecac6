"""One mail a day for somebody who wishes so: at 15:00 on the working days of their nation."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.notifications.domain.preferences import Preferences
from services.notifications.domain.quiet_hours import next_open
from shared.clock import LONDON, day_in_london
from shared.working_days import is_working_day

DIGEST = "digest"
"""The template of digests, and how their occasions begin."""
TOLD_AT = time(15, 0)
STAYS_OPEN = timedelta(minutes=30)
"""So long after its time a digest that has not gone out yet takes in what falls due with it."""
TAKEN_UP_BY = timedelta(hours=1)
"""What no digest has told so long after its time is tried by itself."""


@dataclass(frozen=True, slots=True)
class DigestDay:
    """The digest of a day: the day in London, and when it is due."""

    day: date
    due_at: datetime


def days_ahead(now: datetime, preferences: Preferences, holidays: Container[date]) -> Iterator[DigestDay]:
    """Give the digests in which something that is due now may be told, the next one first, without an end.

    Each is due at 15:00 local time, or when the reader's quiet hours end, should they lie over that.
    """
    day = day_in_london(now)
    while True:
        if is_working_day(day, holidays):
            at = next_open(datetime.combine(day, TOLD_AT, LONDON).astimezone(UTC), preferences, holidays)
            if now <= at + STAYS_OPEN:
                yield DigestDay(day, at)
        day += timedelta(days=1)


def occasion_of(person: str, day: date) -> str:
    """Name the occasion of somebody's digest of a day."""
    return f"{DIGEST}:{person}:{day.isoformat()}"
