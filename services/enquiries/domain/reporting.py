"""What the reports on the pipeline count by, and the arithmetic of their times.

A report is about the enquiries that were received in a period: whole days in London, the last not included. Nobody is
named in one, and no words of anybody stand in it.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.enquiries.domain.clocks import END_OF_DAY, MORNING
from shared.clock import LONDON
from shared.errors import Refused
from shared.working_days import is_working_day

MOST_MONTHS = 120
"""The longest period of a report."""

ALL, MONTH, SOURCE, PROGRAMME, ESTABLISHMENT = "all", "month", "source", "programme", "establishment"
GROUPS = (MONTH, SOURCE, ALL)
SOURCES = (SOURCE, PROGRAMME, ESTABLISHMENT)

NOT_LISTED = "not in the register"
"""Stands for every place that was written in words nobody recognised."""

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days in London: `start` is the first of them, `until` the day after the last."""

    start: date
    until: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The moments at which it begins and ends, in UTC."""
        return midnight(self.start), midnight(self.until)

    @property
    def months(self) -> tuple[tuple[str, datetime, datetime], ...]:
        """Each month that it touches, as `2026-11`, with the bounds of the part that lies in the period, in UTC."""
        parts, begins = [], self.start
        while begins < self.until:
            ends = min(_month_after(begins), self.until)
            parts.append((f"{begins:%Y-%m}", midnight(begins), midnight(ends)))
            begins = ends
        return tuple(parts)


def parse_period(start: Any, until: Any) -> Period:
    """Read a period from its first day and the day after its last, as ISO text.

    Raises `Refused("invalid")` for what is no day, for a period that ends before it begins, and for too long a one.
    """
    read, wrong = {}, {}
    for field, value in (("start", start), ("until", until)):
        try:
            read[field] = date.fromisoformat(value)
        except (TypeError, ValueError):
            wrong[field] = [f"{field} must be a day such as 2027-01-05."]
    if not wrong and read["until"] <= read["start"]:
        wrong["until"] = ["until is the day after the last one of the report, so it must come after start."]
    if not wrong and _months_between(read["start"], read["until"]) > MOST_MONTHS:
        wrong["start"] = [f"A report is about {MOST_MONTHS // 12} years at most. Choose a later start."]
    if wrong:
        raise Refused("invalid", " ".join(sentence for each in wrong.values() for sentence in each), wrong)
    return Period(**read)


def parse_group(by: Any, choices: Sequence[str]) -> str:
    """Read what a report counts by. Raises `Refused("invalid")` with the choices."""
    if by not in choices:
        why = f"by must be one of: {', '.join(choices)}."
        raise Refused("invalid", why, {"by": [why]})
    return str(by)


def midnight(day: date) -> datetime:
    """Give the moment at which a day begins in London, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


class WorkingHours:
    """Counts the working hours between two moments: 09:00 to 17:00 in London on the working days of one place.

    Made once for a stretch of time, it looks up each moment without any calendar: thousands of them take milliseconds.
    """

    def __init__(self, begins: datetime, ends: datetime, holidays: Container[date]) -> None:
        """`begins` and `ends` are moments before and after everything that will be asked about."""
        day, last = begins.astimezone(LONDON).date(), ends.astimezone(LONDON).date()
        self._openings: list[float] = []
        while day <= last:
            if is_working_day(day, holidays):
                self._openings.append(datetime.combine(day, MORNING, LONDON).timestamp())
            day += _A_DAY
        self._day = float((END_OF_DAY.hour - MORNING.hour) * 3600)

    def between(self, start: float, end: float) -> float:
        """Give the working hours from one moment to a later one; moments are seconds since 1970 in UTC."""
        return max(0.0, self._worked_by(end) - self._worked_by(start)) / 3600

    def _worked_by(self, moment: float) -> float:
        days = bisect_right(self._openings, moment)
        if days == 0:
            return 0.0
        return (days - 1) * self._day + min(moment - self._openings[days - 1], self._day)


class DaysInLondon:
    """Counts the midnights in London between two moments, from a list of all in a stretch of time."""

    def __init__(self, begins: datetime, ends: datetime) -> None:
        """`begins` and `ends` are moments before and after everything that will be asked about."""
        first, last = begins.astimezone(LONDON).date(), ends.astimezone(LONDON).date()
        self._midnights = [
            midnight(first + timedelta(days=ahead)).timestamp() for ahead in range((last - first).days + 1)
        ]

    def between(self, start: float, end: float) -> int:
        """Give the days from one moment to a later one, as people count them; moments are seconds since 1970."""
        return bisect_right(self._midnights, end) - bisect_right(self._midnights, start)


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took: how many there were, their median, and what nine in ten did not exceed."""

    count: int
    median: float | None
    p90: float | None


def spread_of(values: Sequence[float]) -> Spread:
    """Give the spread of some values, to one decimal; the p90 is the nearest rank, so it is one of them.

    >>> spread_of([1.0, 2.0, 9.0])
    Spread(count=3, median=2.0, p90=9.0)
    """
    if not values:
        return Spread(0, None, None)
    ordered = sorted(values)
    p90 = ordered[math.ceil(len(ordered) * 0.9) - 1]
    return Spread(len(ordered), round(statistics.median(ordered), 1), round(p90, 1))


def month_of(period: Period) -> Callable[[float], str]:
    """Give a function that names the month in London of a moment within a period, in seconds since 1970."""
    months = period.months
    begins = [begin.timestamp() for _, begin, _ in months]

    def name(moment: float) -> str:
        return months[bisect_right(begins, moment) - 1][0]

    return name


def _months_between(start: date, until: date) -> int:
    return (until.year - start.year) * 12 + until.month - start.month


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
