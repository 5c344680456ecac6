"""A closure is drawn on exactly the dates that it covers."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.scheduling.domain.calendar import Blackout
from services.scheduling.domain.viewing import stretches

A_DAY = dt.timedelta(days=1)
DATES = st.dates(dt.date(2023, 1, 1), dt.date(2030, 12, 31))


def days(first, last):
    return [first + A_DAY * day for day in range((last - first).days + 1)]


@given(first=DATES, length=st.integers(0, 363), yearly=st.booleans(), begin=DATES, seen=st.integers(0, 800))
@example(first=dt.date(2024, 2, 29), length=0, yearly=True, begin=dt.date(2023, 1, 1), seen=800)
@example(first=dt.date(2024, 2, 27), length=2, yearly=True, begin=dt.date(2025, 2, 1), seen=60)
@example(first=dt.date(2026, 12, 21), length=13, yearly=True, begin=dt.date(2026, 12, 25), seen=400)
def test_the_stretches_hold_the_dates_that_are_closed_and_no_others(first, length, yearly, begin, seen):
    blackout = Blackout(first, first + A_DAY * length, "closed", yearly=yearly)
    end = begin + A_DAY * seen

    drawn = [on for stretch in stretches(blackout, begin, end) for on in days(*stretch)]

    assert drawn == [on for on in days(begin, end) if blackout.covers(on)]


def test_christmas_is_one_stretch_over_new_year():
    christmas = Blackout(dt.date(2000, 12, 21), dt.date(2001, 1, 3), "Christmas", yearly=True)

    found = list(stretches(christmas, dt.date(2026, 1, 1), dt.date(2027, 12, 25)))

    assert found == [
        (dt.date(2026, 1, 1), dt.date(2026, 1, 3)),
        (dt.date(2026, 12, 21), dt.date(2027, 1, 3)),
        (dt.date(2027, 12, 21), dt.date(2027, 12, 25)),
    ]
    assert all(earlier[1] < later[0] for earlier, later in pairwise(found))


@pytest.mark.parametrize("on", [dt.date(2027, 3, 8), dt.date(2027, 3, 10)])
def test_a_closure_on_another_day_is_not_drawn(on):
    assert list(stretches(Blackout(dt.date(2027, 3, 9), dt.date(2027, 3, 9), "lockdown"), on, on)) == []
