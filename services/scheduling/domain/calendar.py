"""When an establishment is open for a session: its regime windows, its blackouts and its bank holidays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

WindowName = Literal["am", "pm", "ed", "day"]
"""Morning, afternoon, evening duties; "day" is from the start of the morning to the end of the afternoon."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one day in local wall time. Raises ValueError when it does not end after its start."""

    start: dt.time
    end: dt.time

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(
                f"end: a window has to end after it starts, and this one runs from {self.start:%H:%M} "
                f"to {self.end:%H:%M}. Give an end later than {self.start:%H:%M}."
            )

    @property
    def minutes(self) -> int:
        """How long it is, in whole minutes."""
        return _minute(self.end) - _minute(self.start)

    def contains(self, start: dt.time, end: dt.time) -> bool:
        """Say whether this window holds the whole of `start` to `end`."""
        return self.start <= start and end <= self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M} to {self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Regime:
    """An establishment's windows, by weekday (0 is Monday) and name ("am", "pm" or "ed")."""

    windows: Mapping[tuple[int, str], Window]

    def window(self, weekday: int, name: WindowName) -> Window | None:
        """Give the window of that name on that weekday, or None when none is on file."""
        if name != "day":
            return self.windows.get((weekday, name))
        am, pm = self.windows.get((weekday, "am")), self.windows.get((weekday, "pm"))
        return Window(am.start, pm.end) if am and pm else None

    def on(self, weekday: int) -> tuple[Window, ...]:
        """Give the windows on file for that weekday, earliest first."""
        found = (window for (day, _), window in self.windows.items() if day == weekday)
        return tuple(sorted(found, key=lambda window: window.start))


_AM = Window(dt.time(8, 30), dt.time(11, 30))
_PM = Window(dt.time(13, 45), dt.time(16, 30))

TYPICAL_REGIME = Regime({(day, name): each for day in range(7) for name, each in (("am", _AM), ("pm", _PM))})
"""The usual prison day, to plan by until the establishment's own times are on file.

Source: the weekday default in ministryofjustice/hmpps-activities-management-api (prison regimes).
"""


@dataclass(frozen=True, slots=True)
class Blackout:
    """Dates, both included, on which an establishment takes no session, and why in plain words.

    With `yearly` the day and month of `first` and `last` come round every year, the years themselves count
    for nothing, and the stretch may run over New Year. Raises ValueError when `last` is before `first`, or
    when a yearly one would leave no open day.
    """

    first: dt.date
    last: dt.date
    why: str
    yearly: bool = False

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(
                f"last: a blackout's last day cannot be before its first, {self.first}. Give {self.first} or later."
            )
        if self.yearly and (self.last - self.first).days >= 364:
            raise ValueError("last: a blackout that comes every year has to be shorter than a year.")

    def covers(self, on: dt.date) -> bool:
        """Say whether that date falls in it."""
        if not self.yearly:
            return self.first <= on <= self.last
        first, last, day = _month_day(self.first), _month_day(self.last), _month_day(on)
        return first <= day <= last if first <= last else day >= first or day <= last


def default_blackouts() -> tuple[Blackout, ...]:
    """Give the closures an establishment starts with: 21 December to 3 January, every year.

    Education and workshops close over the festive period (The Independent 1565680; jailhousetours.com); the
    exact days are this project's default, and each establishment keeps its own.
    """
    return (Blackout(dt.date(2000, 12, 21), dt.date(2001, 1, 3), "Christmas and New Year closure", yearly=True),)


@dataclass(frozen=True, slots=True)
class Timetable:
    """A regime that holds from a date on, until one where there is an end, for the weekdays it speaks of.

    A weekday in `weekdays` without a window has no session at all. Raises ValueError when it ends before it begins.
    """

    valid_from: dt.date
    valid_until: dt.date | None
    weekdays: frozenset[int]
    regime: Regime

    def __post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError(f"valid_until: a timetable cannot end before it begins on {self.valid_from}.")

    def holds_on(self, on: dt.date) -> bool:
        """Say whether it speaks of that date."""
        until = self.valid_until or dt.date.max
        return on.weekday() in self.weekdays and self.valid_from <= on <= until


@dataclass(frozen=True, slots=True)
class EstablishmentCalendar:
    """Everything that decides whether a session can be held: windows, blackouts, bank holidays by title.

    `regime` is what holds where no timetable says otherwise. Of the timetables that hold on a date, the one that began
    last counts, so that a Christmas timetable goes before the usual one and gives way again.
    """

    regime: Regime
    blackouts: tuple[Blackout, ...]
    bank_holidays: Mapping[dt.date, str]
    timetables: tuple[Timetable, ...] = ()

    def regime_on(self, on: dt.date) -> Regime:
        """Give the windows that hold on a date; ask them for that date's weekday only."""
        holding = [each for each in self.timetables if each.holds_on(on)]
        return max(holding, key=lambda each: each.valid_from).regime if holding else self.regime

    def closed_on(self, on: dt.date) -> str | None:
        """Give the reason that date is closed, in plain words, or None when it is open.

        A bank holiday is closed because HMPPS activities do not run on one unless someone says so
        (`runsOnBankHoliday=false`, hmpps-activities-management-api). Its title comes before a blackout's.
        """
        if on in self.bank_holidays:
            return self.bank_holidays[on]
        return next((blackout.why for blackout in self.blackouts if blackout.covers(on)), None)


def _minute(at: dt.time) -> int:
    return at.hour * 60 + at.minute


def _month_day(on: dt.date) -> tuple[int, int]:
    return on.month, on.day
