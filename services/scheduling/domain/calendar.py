"""When an establishment is open for a session: its regime windows, its blackouts and its bank holidays."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from services.scheduling.domain.words import WEEKDAYS, in_words

WindowName = Literal["am", "pm", "ed", "day"]
"""Morning, afternoon, evening duties; "day" is from the start of the morning to the end of the afternoon."""

WINDOW_NAMES: Final = {"am": "morning", "pm": "afternoon", "ed": "evening"}
"""The windows a weekday can have, in the order in which they lie in it."""

FIRST_DATE: Final = dt.date(2000, 1, 1)
YEARS_AHEAD: Final = 10
"""A calendar is kept from 2000 to ten years from today: what lies outside is a slip of the hand."""

_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::00)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one day in local wall time. Raises ValueError when it does not end after its start."""

    start: dt.time
    end: dt.time

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(
                f"end: a window has to end after it starts, and this one runs from {self.start:%H:%M} "
                f"to {self.end:%H:%M}. Give an end later than {self.start:%H:%M}: no window runs over midnight."
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


def read_window(start: str, end: str) -> Window:
    """Read a window from two times by the clock, such as 08:30 or 08:30:00. Raises ValueError with the mend."""
    if not (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end)):
        raise ValueError("start, end: write both times as HH:MM, from 00:00 to 23:59, such as 08:30 and 11:30.")
    return Window(dt.time.fromisoformat(start), dt.time.fromisoformat(end))


def refuse_overlaps(windows: Mapping[str, Window]) -> None:
    """Keep the windows of one day in their order, by name: each ends before the next begins, or as it does.

    Raises ValueError naming the later one.
    """
    in_order = [name for name in WINDOW_NAMES if name in windows]
    for earlier, later in pairwise(in_order):
        ends, begins, before = windows[earlier].end, windows[later].start, WINDOW_NAMES[earlier]
        if begins < ends:
            raise ValueError(
                f"{later}: the {WINDOW_NAMES[later]} cannot begin at {begins:%H:%M}, before the {before} ends at "
                f"{ends:%H:%M}. Begin it at {ends:%H:%M} or later, or end the {before} earlier."
            )


def refuse_far_dates(today: dt.date, **dates: dt.date | None) -> None:
    """Keep dates by the name of their field within what a calendar is kept for. Raises ValueError naming the field."""
    last = dt.date(today.year + YEARS_AHEAD, 12, 31)
    for field, on in dates.items():
        if on is not None and not FIRST_DATE <= on <= last:
            raise ValueError(f"{field}: give a date from {in_words(FIRST_DATE)} to {in_words(last)}.")


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
                f"last: a blackout's last day cannot be before its first, {self.first}. Give {self.first} or later; "
                "one that runs over New Year ends in the next year."
            )
        if self.yearly and (self.last - self.first).days >= 364:
            raise ValueError("last: a blackout that comes every year has to be shorter than a year.")

    def covers(self, on: dt.date) -> bool:
        """Say whether that date falls in it."""
        if not self.yearly:
            return self.first <= on <= self.last
        first, last, day = _month_day(self.first), _month_day(self.last), _month_day(on)
        return first <= day <= last if first <= last else day >= first or day <= last


CLOSURES: Final = {
    "christmas": "Christmas and New Year closure",
    "education_break": "education and workshops are closed",
    "staff_training": "staff training",
    "staff_shortage": "staff shortage",
    "building_work": "building work",
    "inspection": "inspection",
    "exams": "exams",
    "family_day": "family day",
    "lockdown": "lockdown or incident",
    "other": "closed",
}
"""Why a place can be closed, and what people read of it: nothing is typed freely, so nothing personal is kept."""


def default_blackouts() -> tuple[Blackout, ...]:
    """Give the closures an establishment starts with: 21 December to 3 January, every year.

    Education and workshops close over the festive period (The Independent 1565680; jailhousetours.com); the
    exact days are this project's default, and each establishment keeps its own.
    """
    return (Blackout(dt.date(2000, 12, 21), dt.date(2001, 1, 3), CLOSURES["christmas"], yearly=True),)


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
            raise ValueError(
                f"valid_until: a timetable cannot end before it begins on {self.valid_from}. "
                "Give that date or a later one."
            )

    def holds_on(self, on: dt.date) -> bool:
        """Say whether it speaks of that date."""
        until = self.valid_until or dt.date.max
        return on.weekday() in self.weekdays and self.valid_from <= on <= until

    def outlasts(self, other: Timetable) -> bool:
        """Say whether it holds on dates after the other has ended."""
        return (self.valid_until or dt.date.max) > (other.valid_until or dt.date.max)


def with_timetable(on_file: Sequence[Timetable], new: Timetable) -> tuple[Timetable, ...]:
    """Give the timetables of one weekday with a new one among them.

    It takes the place of one that begins on the same date. Where that one has other windows and holds longer, it goes
    on the day after the new one ends. Raises ValueError where a third begins in between, since it would be hidden.
    """
    same = next((each for each in on_file if each.valid_from == new.valid_from), None)
    others = tuple(each for each in on_file if each.valid_from != new.valid_from)
    if same is None or new.valid_until is None or same.regime == new.regime or not same.outlasts(new):
        return (*others, new)
    again = new.valid_until + dt.timedelta(1)
    between = [each.valid_from for each in others if new.valid_from < each.valid_from <= again]
    if between:
        raise ValueError(
            f"valid_until: a timetable that begins on {in_words(new.valid_from)} too goes on once this one ends, and "
            f"another begins in between, on {in_words(min(between))}. Set that one anew first, or remove it."
        )
    return (*others, new, replace(same, valid_from=again))


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
        timetable = self._timetable_on(on)
        return timetable.regime if timetable else self.regime

    def closed_on(self, on: dt.date) -> str | None:
        """Give the reason that date is closed, in plain words, or None when it is open.

        A bank holiday is closed because HMPPS activities do not run on one unless someone says so
        (`runsOnBankHoliday=false`, hmpps-activities-management-api). Its title comes before a blackout's.
        """
        if on in self.bank_holidays:
            return self.bank_holidays[on]
        return next((blackout.why for blackout in self.blackouts if blackout.covers(on)), None)

    def closed_before(self, on: dt.date, days: int) -> tuple[dt.date, ...]:
        """Give the closed dates among so many days before a date, the earliest first."""
        first = max(on.toordinal() - days, 1)
        before = map(dt.date.fromordinal, range(first, on.toordinal()))
        return tuple(each for each in before if self.closed_on(each) is not None)

    def no_session_on(self, on: dt.date) -> str | None:
        """Give the reason that no session can be put on that date, or None: it is closed, or has no windows.

        A weekday of which nothing is on file is no reason: a run can be drafted there before its times are known.
        """
        closed = self.closed_on(on)
        if closed is not None:
            return closed
        timetable = self._timetable_on(on)
        if timetable is None or timetable.regime.on(on.weekday()):
            return None
        until = f" until {in_words(timetable.valid_until)}" if timetable.valid_until else ""
        return f"no sessions on {WEEKDAYS[on.weekday()]}s{until}"

    def _timetable_on(self, on: dt.date) -> Timetable | None:
        holding = (each for each in self.timetables if each.holds_on(on))
        return max(holding, key=lambda each: each.valid_from, default=None)


def _minute(at: dt.time) -> int:
    return at.hour * 60 + at.minute


def _month_day(on: dt.date) -> tuple[int, int]:
    return on.month, on.day
