"""The people who lead sessions: what they are accredited for, when they work, and how much is enough."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args
from uuid import UUID

from services.scheduling.domain.words import WEEKDAYS, in_words

FacilitatorState = Literal["onboarding", "active", "resting", "left"]
STATES: tuple[str, ...] = get_args(FacilitatorState)

QUALIFICATIONS = ("NADA", "safeguarding", "UKCP", "BACP")
"""Kinds of accreditation that are no programme's. Source: domain notes, section 5.1."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """A stretch of one weekday (0 is Monday) in which someone works, in local wall time.

    Raises ValueError when it does not end after it starts.
    """

    weekday: int
    start: dt.time
    end: dt.time

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"end: working hours have to end after they start at {self.start:%H:%M}.")


@dataclass(frozen=True, slots=True)
class Leave:
    """Dates, both included, on which someone is not to be asked. Raises ValueError when they are in the wrong order."""

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"last: leave cannot end before its first day, {in_words(self.first)}. Give it or later.")

    def covers(self, on: dt.date) -> bool:
        """Say whether that date falls in it."""
        return self.first <= on <= self.last


@dataclass(frozen=True, slots=True)
class Accreditation:
    """What someone is qualified for, from and until when: "NADA", "safeguarding", or the slug of a programme.

    Without `valid_until` it has no end. Raises ValueError when the dates are in the wrong order.
    """

    kind: str
    valid_from: dt.date
    valid_until: dt.date | None = None

    def __post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError(
                f"valid_until: an accreditation cannot end before it starts on {in_words(self.valid_from)}. "
                "Give that date or a later one."
            )

    def holds_on(self, on: dt.date) -> bool:
        """Say whether it is valid on that date."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Facilitator:
    """One person who leads sessions, as the rules see them.

    Without `hours` they work whenever there is a session. `travel_limit_minutes` is one way. The two limits are for
    sessions inside prisons, in a week from Monday, and for groups on one day.
    """

    id: UUID
    name: str
    state: FacilitatorState = "active"
    hours: tuple[WorkingHours, ...] = ()
    leave: tuple[Leave, ...] = ()
    accreditations: tuple[Accreditation, ...] = ()
    insured_until: dt.date | None = None
    travel_limit_minutes: int | None = None
    max_sessions_a_week: int = 4
    max_groups_a_day: int = 2

    def is_accredited(self, kind: str, on: dt.date) -> bool:
        """Say whether they hold an accreditation of that kind on that date."""
        return any(each.kind == kind and each.holds_on(on) for each in self.accreditations)

    def is_on_leave(self, on: dt.date) -> bool:
        """Say whether they are not to be asked on that date."""
        return any(each.covers(on) for each in self.leave)

    def works(self, on: dt.date, start: dt.time, end: dt.time) -> bool:
        """Say whether that time of that date lies inside their working hours."""
        if not self.hours:
            return True
        today = [each for each in self.hours if each.weekday == on.weekday()]
        return any(each.start <= start and end <= each.end for each in today)


def refuse_overlapping(hours: Iterable[WorkingHours]) -> None:
    """Raise ValueError when two stretches of one weekday share any time; one may begin as another ends."""
    ordered = sorted(hours, key=lambda each: (each.weekday, each.start))
    for one, next_one in pairwise(ordered):
        if one.weekday == next_one.weekday and next_one.start < one.end:
            raise ValueError(
                f"hours: on {WEEKDAYS[one.weekday]}, {one.start:%H:%M} to {one.end:%H:%M} and "
                f"{next_one.start:%H:%M} to {next_one.end:%H:%M} overlap. Write them as one stretch."
            )
