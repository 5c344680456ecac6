"""Working days: Monday to Friday without bank holidays. Whose bank holidays they are, the caller says."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta

_A_DAY = timedelta(days=1)
_SATURDAY = 5


def is_working_day(day: date, holidays: Container[date]) -> bool:
    """Say whether people are at work on a day."""
    return day.weekday() < _SATURDAY and day not in holidays


def add_working_days(day: date, count: int, holidays: Container[date]) -> date:
    """Give the working day that is `count` (1 or more) after `day`, which itself does not count.

    >>> add_working_days(date(2026, 11, 27), 2, ())  # a Friday, and so is a Saturday's or Sunday's answer a Tuesday
    datetime.date(2026, 12, 1)
    """
    while count > 0:
        day += _A_DAY
        count -= is_working_day(day, holidays)
    return day


def working_day_before(day: date, count: int, holidays: Container[date]) -> date:
    """Give the working day that is `count` before `day`, which itself does not count; with 0 it is `day`.

    >>> working_day_before(date(2027, 1, 12), 2, ())
    datetime.date(2027, 1, 8)
    """
    while count > 0:
        day -= _A_DAY
        count -= is_working_day(day, holidays)
    return day


def working_days_between(start: date, end: date, holidays: Container[date]) -> int:
    """Count the working days after `start` up to and including `end`."""
    days = (start + _A_DAY * ahead for ahead in range(1, (end - start).days + 1))
    return sum(is_working_day(day, holidays) for day in days)
