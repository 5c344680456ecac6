"""When our own office opens: at 08:00 in London on working days."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta

from shared.clock import LONDON
from shared.working_days import is_working_day

OPENS = time(8, 0)


def next_opening(now: datetime, holidays: Container[date]) -> datetime:
    """Give the next 08:00 of a working day after `now`, in UTC."""
    local = now.astimezone(LONDON)
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    while not is_working_day(day, holidays):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, LONDON).astimezone(UTC)
