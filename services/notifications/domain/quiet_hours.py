"""When somebody may be written to: by the clock on their wall, on the working days of their nation.

Source: domain notes, section 5.3, "Quiet hours". This is the one place that knows them.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta

from services.notifications.domain.preferences import Preferences
from shared.clock import LONDON
from shared.working_days import is_working_day

_A_DAY = timedelta(days=1)


def next_open(now: datetime, preferences: Preferences, holidays: Container[date]) -> datetime:
    """Give `now` where somebody may be written to, otherwise the moment at which their quiet hours end, in UTC.

    `holidays` are the bank holidays of their nation: on those and at weekends it is quiet all day.
    """
    if not preferences.quiet:
        return now
    local = now.astimezone(LONDON)
    day, earliest = local.date(), local.time()
    while True:
        for opens, closes in _open_times(preferences) if is_working_day(day, holidays) else ():
            if opens <= earliest and (closes is None or earliest < closes):
                return now if day == local.date() else _in_utc(day, earliest)
            if earliest < opens:
                return _in_utc(day, opens)
        day, earliest = day + _A_DAY, time.min


def _open_times(preferences: Preferences) -> tuple[tuple[time, time | None], ...]:
    """Give the stretches of a working day outside the quiet hours; None is the end of the day."""
    begins, ends = preferences.quiet_from, preferences.quiet_until
    if begins == ends:
        return ((time.min, None),)
    if begins < ends:
        return (time.min, begins), (ends, None)
    return ((ends, begins),)


def _in_utc(day: date, wall: time) -> datetime:
    return datetime.combine(day, wall, LONDON).astimezone(UTC)
