"""What is looked at of a calendar, and the stretches of a closure that fall into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from services.scheduling.domain.calendar import Blackout

LONGEST_VIEW: Final = 100
"""Days that are drawn session by session: a quarter of a year, with the weeks around it."""
LONGEST_GANTT: Final = 366
LONGEST_REPORT: Final = 3660
"""Ten years: the longest that a commission and what follows from it are looked back on."""
MOST_ROWS, MOST_RUNS = 40, 60
"""What one part of a Gantt shows at most: as much as somebody takes in, and a page that is drawn at once."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class View:
    """Two dates, both included, and what is to be seen between them: all there is, where None is said."""

    start: dt.date
    end: dt.date
    establishments: tuple[str, ...] | None = None
    facilitators: tuple[UUID, ...] | None = None
    programmes: tuple[str, ...] | None = None


def in_parts(rows: Iterable[tuple[Row, int]]) -> list[list[Row]]:
    """Divide the rows of a Gantt, each with how many runs are in it, into as many parts as they need, in their order.

    A row stays whole, however many runs it has.
    """
    parts: list[list[Row]] = []
    taken = 0
    for row, runs in rows:
        taken += runs
        if not parts or len(parts[-1]) == MOST_ROWS or taken > MOST_RUNS:
            parts.append([])
            taken = runs
        parts[-1].append(row)
    return parts


def stretches(blackout: Blackout, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the stretches of a blackout between two dates, cut off at them, the earliest first.

    They hold exactly the dates that the blackout covers.
    """
    for begins, ends in _occurrences(blackout, first, last):
        if max(begins, first) <= min(ends, last):
            yield max(begins, first), min(ends, last)


def _occurrences(blackout: Blackout, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    if not blackout.yearly:
        yield blackout.first, blackout.last
        return
    begins, ends = blackout.first, blackout.last
    over_new_year = (ends.month, ends.day) < (begins.month, begins.day)
    for year in range(max(first.year - 1, dt.MINYEAR), min(last.year, dt.MAXYEAR - 1) + 1):
        yield _first_in(year, begins), _last_in(year + over_new_year, ends)


def _first_in(year: int, on: dt.date) -> dt.date:
    return on.replace(year=year) if _has(year, on) else dt.date(year, 3, 1)


def _last_in(year: int, on: dt.date) -> dt.date:
    return on.replace(year=year) if _has(year, on) else dt.date(year, 2, 28)


def _has(year: int, on: dt.date) -> bool:
    """Say whether a year has that day: 29 February comes only in some."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return leap or (on.month, on.day) != (2, 29)
