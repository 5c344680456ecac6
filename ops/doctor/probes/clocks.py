"""How far another clock is from ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Skew:
    """By how many seconds another's clock is ahead of ours (less than 0: behind), within `give_or_take` seconds."""

    whose: str
    seconds: float
    give_or_take: float

    @property
    def at_least(self) -> float:
        """The seconds by which the two differ for certain, either way."""
        return max(0.0, abs(self.seconds) - self.give_or_take)


def skew_of(whose: str, theirs: datetime, asked: datetime, answered: datetime) -> Skew:
    """Compare a time that was told between two moments of ours."""
    half = (answered - asked) / 2
    return Skew(whose, (theirs - asked - half).total_seconds(), max(0.0, half.total_seconds()))


def skew_of_date(whose: str, header: str | None, asked: datetime, answered: datetime) -> Skew | None:
    """Compare a Date header, which knows whole seconds only; None where there is none that can be read."""
    try:
        told = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    half_a_second = timedelta(seconds=0.5)
    skew = skew_of(whose, told + half_a_second, asked, answered)
    return Skew(whose, skew.seconds, skew.give_or_take + half_a_second.total_seconds())
