"""The periods of reports, and the arithmetic of their times, against counting it out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.enquiries.domain.reporting import (
    DaysInLondon,
    Period,
    WorkingHours,
    month_of,
    parse_group,
    parse_period,
    spread_of,
)
from shared.clock import LONDON, day_in_london
from shared.errors import Refused
from shared.holidays import bank_holidays_of
from shared.working_days import is_working_day

BEGINS, ENDS = datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 1, 31, tzinfo=UTC)
MOMENTS = st.datetimes(BEGINS.replace(tzinfo=None), ENDS.replace(tzinfo=None), timezones=st.just(UTC))
HOLIDAYS = bank_holidays_of("england-and-wales")
HOURS = WorkingHours(BEGINS, ENDS, HOLIDAYS)
DAYS = DaysInLondon(BEGINS, ENDS)


def counted_out(start, end):
    """Count the working quarters of an hour that begin between two moments."""
    quarter, worked, here = timedelta(minutes=15), 0, start
    while here < end:
        local = here.astimezone(LONDON)
        worked += is_working_day(local.date(), HOLIDAYS) and 9 <= local.hour < 17
        here += quarter
    return worked / 4


@settings(deadline=None)
@given(start=MOMENTS, quarters=st.integers(0, 1500))
def test_working_hours_are_those_that_one_would_count_out(start, quarters):
    start = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
    end = min(start + quarters * timedelta(minutes=15), ENDS)

    assert HOURS.between(start.timestamp(), end.timestamp()) == pytest.approx(counted_out(start, end))


@settings(deadline=None)
@given(start=MOMENTS, end=MOMENTS)
def test_days_are_those_of_london(start, end):
    start, end = sorted((start, end))

    assert DAYS.between(start.timestamp(), end.timestamp()) == (day_in_london(end) - day_in_london(start)).days


def test_a_reply_after_hours_or_before_it_was_asked_took_no_time():
    friday_evening, saturday = datetime(2026, 11, 27, 18, tzinfo=UTC), datetime(2026, 11, 28, 12, tzinfo=UTC)

    assert HOURS.between(friday_evening.timestamp(), saturday.timestamp()) == 0
    assert HOURS.between(saturday.timestamp(), friday_evening.timestamp()) == 0


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [([], None, None), ([4], 4, 4), ([1, 2], 1.5, 2), (range(1, 11), 5.5, 9), (range(1, 12), 6, 10)],
)
def test_a_median_and_a_p90_come_with_how_many_they_are_of(values, median, p90):
    spread = spread_of(list(values))

    assert (spread.count, spread.median, spread.p90) == (len(values), median, p90)


def test_a_period_is_whole_days_in_london_the_last_not_included():
    period = parse_period("2026-03-28", "2026-03-30")

    assert period.bounds == (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 29, 23, tzinfo=UTC))


def test_the_months_of_a_period_join_up_and_the_outer_ones_are_parts():
    period = Period(date(2026, 11, 20), date(2027, 1, 2))

    assert [name for name, *_ in period.months] == ["2026-11", "2026-12", "2027-01"]
    begins = [begin for _, begin, _ in period.months]
    ends = [end for *_, end in period.months]
    assert (begins[0], ends[-1]) == period.bounds
    assert begins[1:] == ends[:-1]


@settings(deadline=None)
@given(moment=MOMENTS)
def test_a_moment_is_in_the_month_that_it_is_in_london(moment):
    name = month_of(Period(date(2026, 2, 10), date(2027, 2, 10)))

    assert name(moment.timestamp()) == f"{day_in_london(moment):%Y-%m}"


@pytest.mark.parametrize(
    ("start", "until", "field"),
    [
        ("soon", "2027-01-01", "start"),
        ("2027-01-01", None, "until"),
        ("2027-01-01", "2027-01-01", "until"),
        ("2000-01-01", "2027-01-01", "start"),
        ("0001-01-01", "9999-12-31", "start"),
    ],
)
def test_a_period_that_makes_no_report_is_refused_by_its_field(start, until, field):
    with pytest.raises(Refused) as refused:
        parse_period(start, until)

    assert (refused.value.code, list(refused.value.fields)) == ("invalid", [field])


def test_what_nothing_can_be_counted_by_is_refused_with_the_choices():
    with pytest.raises(Refused, match="by must be one of: month, source"):
        parse_group("colour", ("month", "source"))
