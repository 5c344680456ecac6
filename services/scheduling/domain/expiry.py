"""What ends soon, and when somebody is told: 90, 60, 30, 14 and 7 days before, at three in the afternoon in London.

Source: domain notes, section 5.3, "clearance, keys, insurance, accreditation expiry".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal
from uuid import UUID

from shared.clock import LONDON

What = Literal["clearance", "keys", "insurance", "accreditation"]

OFFSETS = (90, 60, 30, 14, 7)
"""Days before the last day on which a notice is given, the first one first."""

HOUR = dt.time(15)
"""When, in London."""

_A_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """Something that a facilitator holds from one day to another, both included; without `valid_until` it has no end.

    `of` is the establishment's id for a clearance and for keys, the kind of an accreditation, nothing for insurance.
    """

    facilitator_id: UUID
    what: What
    of: str
    valid_from: dt.date
    valid_until: dt.date | None


@dataclass(frozen=True, slots=True)
class Ending:
    """The last day of something that nothing carries on."""

    facilitator_id: UUID
    what: What
    of: str
    valid_until: dt.date


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that is due: the one for `days` before the end."""

    ending: Ending
    days: int


def next_look(moment: dt.datetime) -> dt.datetime:
    """Give the next time after an aware moment at which to look for what ends: 15:00 in London, summer and winter."""
    day = moment.astimezone(LONDON).date()
    at = looked_at(day)
    return at if at > moment else looked_at(day + _A_DAY)


def looked_at(day: dt.date) -> dt.datetime:
    """Give the moment at which one looks on a day."""
    return dt.datetime.combine(day, HOUR, LONDON).astimezone(dt.UTC)


def day_looked_at(moment: dt.datetime) -> dt.date:
    """Give the day whose notices are due at an aware moment: the day before until it is 15:00 in London."""
    here = moment.astimezone(LONDON)
    return here.date() if here.time() >= HOUR else here.date() - _A_DAY


def endings(held: Iterable[Held]) -> Iterator[Ending]:
    """Give what ends: for each person, thing and place the last days that nothing renewed carries on beyond.

    What begins by the day after carries on. A renewal that begins later leaves a gap, so the end before it stands.
    """
    ordered = sorted(held, key=lambda each: (str(each.facilitator_id), each.what, each.of, each.valid_from))
    for _, those in groupby(ordered, key=lambda each: (each.facilitator_id, each.what, each.of)):
        same = list(those)
        # Two that end on one day are one end.
        last_days = {each.valid_until for each in same if each.valid_until is not None}
        for last in sorted(last_days):
            if not any(_carries_on(each, last) for each in same):
                yield Ending(same[0].facilitator_id, same[0].what, same[0].of, last)


def notice_due(ending: Ending, on: dt.date) -> Notice | None:
    """Give the notice that is due on a day, or None while it is too early or once it is over.

    It is the latest one whose day has come: after an outage the earlier ones are of no use any more.
    """
    left = (ending.valid_until - on).days
    due = [days for days in OFFSETS if left <= days]
    return Notice(ending, due[-1]) if left >= 0 and due else None


def notices_ahead(ending: Ending, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, Notice]]:
    """Give the notices that a look on each day from `first` to `last` finds due, each with the day that finds it first.

    Between two offsets a look finds nothing new: only the first day, and the days of the offsets, can be such days.
    """
    left_at_first, left_at_last = (ending.valid_until - first).days, (ending.valid_until - last).days
    lefts = (left for left in {left_at_first, *OFFSETS} if left_at_last <= left <= left_at_first)
    for on in (ending.valid_until - dt.timedelta(left) for left in sorted(lefts, reverse=True)):
        notice = notice_due(ending, on)
        if notice is not None:
            yield on, notice


def _carries_on(held: Held, last: dt.date) -> bool:
    begins_in_time = held.valid_from.toordinal() <= last.toordinal() + 1
    return begins_in_time and (held.valid_until is None or held.valid_until > last)
