"""When an office is open: working days from 08:00 to 18:00 in London.

Source: domain notes, section 5.3, "Quiet hours".
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta

from shared.clock import LONDON
from shared.working_days import is_working_day

OPENS, CLOSES = time(8, 0), time(18, 0)


def next_opening(now: datetime, holidays: Container[date]) -> datetime:
    """Give the next 08:00 of a working day after `now`, in UTC."""
    local = now.astimezone(LONDON)
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    while not is_working_day(day, holidays):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, LONDON).astimezone(UTC)


def in_office_hours(now: datetime, holidays: Container[date]) -> datetime:
    """Give `now` where an office is open, otherwise the next time that it opens."""
    local = now.astimezone(LONDON)
    if is_working_day(local.date(), holidays) and OPENS <= local.time() < CLOSES:
        return now
    return next_opening(now, holidays)
