"""Where a programme's sessions fall: the dates, going round closures, and the times of day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from services.scheduling.domain.calendar import TYPICAL_REGIME, EstablishmentCalendar, Regime, Window
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Skipped
from services.scheduling.domain.words import WEEKDAYS, counted, in_words
from shared.errors import Refused

AskedWindow = Literal["am", "pm", "day"]

_ROOM_TO_LOOK = 3
"""Look at three times the dates a programme needs, then say so: a closure may have no end."""

_LEAST_DATES = 30
"""And at six working weeks at least, so that a Christmas closure does not use up a short course's dates."""

LONGEST_BREAK = dt.timedelta(weeks=8)
"""Closed dates that a run may have to go round, in all, before it is no run any more."""


def days_on(on: dt.date, days: int) -> dt.date:
    """Give the date so many days later, or the last there is."""
    return on + min(dt.timedelta(days), dt.date.max - on)


def longest_run(programme: Programme) -> dt.timedelta:
    """Give the time from the first day to look at within which a run of a programme ends, whatever it goes round."""
    return dt.timedelta(weeks=programme.sessions if programme.cadence == "weekly" else 1) + LONGEST_BREAK


def session_dates(
    programme: Programme, start: dt.date, weekday: int | None, calendar: EstablishmentCalendar
) -> tuple[tuple[dt.date, ...], tuple[Skipped, ...]]:
    """Place a programme's sessions on the open dates from `start` on; give the dates and those skipped.

    Weekly: the first `weekday` (0 is Monday; `start`'s own when None) on or after `start`, then every seven
    days. Daily: Monday to Friday one after another, from the first `weekday` when one is given. A date that is
    closed, or has no session by its timetable, is skipped with its reason and the next one taken, so a run keeps its
    number of sessions.
    Raises Refused: "invalid" for a weekday that is none, "refused" when too few dates are open.
    """
    _refuse_no_weekday(weekday)
    dates: list[dt.date] = []
    skipped: list[Skipped] = []
    limit = max(_ROOM_TO_LOOK * programme.sessions, _LEAST_DATES)
    for day in islice(_candidates(programme, start, weekday), limit):
        if len(dates) == programme.sessions:
            break
        why = calendar.no_session_on(day)
        if why is None:
            dates.append(day)
        else:
            skipped.append(Skipped(day, why))
    if len(dates) < programme.sessions:
        raise _not_enough(programme, start, dates, skipped)
    return tuple(dates), tuple(skipped)


def session_times(
    programme: Programme,
    regime: Regime,
    weekday: int,
    window: AskedWindow | None,
    start: dt.time | None = None,
) -> tuple[dt.time, dt.time]:
    """Give a session's local start and end on that weekday.

    It starts at `start`, or with the window where none is asked for, and lasts the programme's minutes, whether they
    fit or not: the rule `session_fits_the_regime_window` says when they do not. With no window asked for, a daily
    programme takes the whole day and a weekly one the first of morning and afternoon that holds it, else the longer. A
    daily programme's day ends with the window when that is later: lunch lies between. With no such window on file
    the usual prison day stands in. Raises Refused ("refused") when a session would run to midnight.
    """
    if start is not None:
        return start, _after(start, programme)
    whole_day = programme.cadence == "daily" and window in (None, "day")
    found = _chosen(programme, regime, weekday, window) or _chosen(programme, TYPICAL_REGIME, weekday, window)
    if found is None:
        raise Refused("invalid", f"No such weekday or window: {weekday}, {window}.")
    end = _after(found.start, programme)
    return found.start, max(end, found.end) if whole_day else end


def _candidates(programme: Programme, start: dt.date, weekday: int | None) -> Iterator[dt.date]:
    """Walk the dates a programme could use, closed or not, until the calendar itself ends."""
    weekly = programme.cadence == "weekly"
    day = start.toordinal() + (0 if weekday is None else (weekday - start.weekday()) % 7)
    while day <= dt.date.max.toordinal():
        on = dt.date.fromordinal(day)
        if weekly or on.weekday() < 5:
            yield on
        day += 7 if weekly else 1


def _chosen(programme: Programme, regime: Regime, weekday: int, window: AskedWindow | None) -> Window | None:
    if window is not None:
        return regime.window(weekday, window)
    if programme.cadence == "daily":
        return regime.window(weekday, "day")
    on_file = [found for name in ("am", "pm") if (found := regime.windows.get((weekday, name)))]
    holding = (found for found in on_file if found.minutes >= programme.minutes)
    return next(holding, max(on_file, key=lambda found: found.minutes, default=None))


def _after(start: dt.time, programme: Programme) -> dt.time:
    hours, minutes = divmod(start.hour * 60 + start.minute + programme.minutes, 60)
    if hours >= 24:
        length = counted(programme.minutes, "minute")
        raise Refused(
            "refused",
            f"A session of {length} from {start:%H:%M} would run past midnight. An earlier window would mend it.",
        )
    return start.replace(hour=hours, minute=minutes)


def _refuse_no_weekday(weekday: int | None) -> None:
    if weekday is not None and weekday not in range(7):
        why = "Give a day from Monday to Sunday."
        raise Refused("invalid", why, {"weekday": [why]})


def _not_enough(programme: Programme, start: dt.date, dates: Sequence[dt.date], skipped: Sequence[Skipped]) -> Refused:
    cadence = "in weekly steps" if programme.cadence == "weekly" else f"{WEEKDAYS[0]} to {WEEKDAYS[4]}"
    looked = max((*dates, *(each.date for each in skipped)), default=start)
    reasons = Counter(each.why for each in skipped).most_common(1)
    mostly = f" Most of the others fall on: {reasons[0][0]}." if reasons else ""
    return Refused(
        "refused",
        f"{programme.name} needs {counted(programme.sessions, 'open date')} {cadence} from {in_words(start)}, and only "
        f"{len(dates)} could be found up to {in_words(looked)}.{mostly} "
        "Another start, another weekday or fewer closed dates would mend it.",
    )
