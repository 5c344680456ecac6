from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.silence import is_unusually_quiet
from shared.holidays import bank_holidays_of

TUESDAYS = [date(2026, 9, 1) + timedelta(weeks=week) for week in range(12)]
"""From 1 September to 17 November 2026: four quiet working days lie between two of them."""
WORKING_DAYS = [day for ahead in range(60) if (day := date(2026, 9, 7) + timedelta(days=ahead)).weekday() < 5]


@pytest.mark.parametrize(
    ("today", "quiet"),
    [
        (date(2026, 11, 24), False),  # the usual week
        (date(2026, 12, 1), False),  # nine whole working days since 17 November
        (date(2026, 12, 2), True),  # ten: twice four, and two
    ],
)
def test_one_a_week_is_unusually_quiet_after_twice_the_usual_stretch_and_two_days(today, quiet):
    assert is_unusually_quiet(TUESDAYS, today, ()) is quiet


def test_where_something_comes_every_day_two_quiet_working_days_are_unusual():
    last = WORKING_DAYS[-1]
    assert last == date(2026, 11, 5)  # a Thursday

    assert not is_unusually_quiet(WORKING_DAYS, date(2026, 11, 9), ())  # only Friday was quiet
    assert is_unusually_quiet(WORKING_DAYS, date(2026, 11, 10), ())  # Friday and Monday


def test_bank_holidays_and_weekends_are_nobodys_silence():
    days = [day for ahead in range(60) if (day := date(2026, 10, 25) + timedelta(days=ahead)).weekday() < 5]
    assert days[-1] == date(2026, 12, 23)
    holidays = bank_holidays_of("england-and-wales")

    # Christmas Eve is one quiet day; then come Friday 25, a weekend, and Monday 28 in lieu.
    assert not is_unusually_quiet(days, date(2026, 12, 29), holidays)
    assert is_unusually_quiet(days, date(2026, 12, 29), ())


@given(st.lists(st.dates(date(2026, 9, 1), date(2026, 11, 1)), unique=True, max_size=9), st.integers(1, 400))
def test_with_too_little_to_compare_nothing_is_ever_said(days, ahead):
    assert not is_unusually_quiet(sorted(days), date(2026, 11, 1) + timedelta(days=ahead), ())


@given(st.lists(st.dates(date(2026, 9, 1), date(2026, 11, 1)), unique=True, min_size=10))
def test_a_silence_that_is_unusual_stays_so_until_something_comes(days):
    days.sort()
    todays = [days[-1] + timedelta(days=ahead) for ahead in range(1, 120)]
    said = [is_unusually_quiet(days, today, ()) for today in todays]

    assert said == sorted(said)
    assert said[0] is False
