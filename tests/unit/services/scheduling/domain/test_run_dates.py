"""Which dates and times a programme gets."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduling_cast import (
    MANY_FACES,
    THURSDAY,
    TUESDAY,
    UNLOCKING,
    WEDNESDAY,
    at,
    calendar,
    hours,
)

from services.scheduling.domain.calendar import Blackout, EstablishmentCalendar, Regime
from services.scheduling.domain.dates import session_dates, session_times
from shared.errors import Refused


def placed(start: str, programme=MANY_FACES, weekday=None, on=None):
    return session_dates(programme, dt.date.fromisoformat(start), weekday, on or calendar())


def test_a_run_from_october_goes_round_christmas():
    dates, skipped = placed("2026-10-01", weekday=THURSDAY)

    assert [each.date for each in skipped] == [dt.date(2026, 12, 24), dt.date(2026, 12, 31)]
    assert {each.why for each in skipped} == {"Christmas and New Year closure"}
    assert dates[11] == dt.date(2026, 12, 17)
    assert dates[12] == dt.date(2027, 1, 7)
    assert dates[-1] == dt.date(2027, 1, 28)


def test_a_monday_run_skips_each_bank_holiday_and_names_it():
    dates, skipped = placed("2027-02-15")

    assert [(each.date, each.why) for each in skipped] == [
        (dt.date(2027, 3, 29), "Easter Monday"),
        (dt.date(2027, 5, 3), "Early May bank holiday"),
        (dt.date(2027, 5, 31), "Spring bank holiday"),
    ]
    assert dates[-1] == dt.date(2027, 6, 21)


def test_a_run_moved_by_two_weeks_is_planned_anew_not_shifted():
    dates, _ = placed("2027-03-01")

    assert (dates[0], dates[-1]) == (dt.date(2027, 3, 1), dt.date(2027, 7, 5))


@pytest.mark.parametrize(("start", "last"), [("2027-01-13", "2027-04-28"), ("2027-01-27", "2027-05-12")])
def test_a_wednesday_run_meets_no_bank_holiday(start, last):
    dates, skipped = placed(start, weekday=WEDNESDAY)

    assert dates[-1] == dt.date.fromisoformat(last)
    assert skipped == ()


def test_the_first_session_is_the_first_such_weekday_on_or_after_the_start():
    assert placed("2027-01-12", weekday=TUESDAY)[0][0] == dt.date(2027, 1, 12)
    assert placed("2027-01-13", weekday=TUESDAY)[0][0] == dt.date(2027, 1, 19)


def test_a_leap_day_is_a_date_like_any_other():
    dates, _ = placed("2028-02-01", weekday=TUESDAY)

    assert dates[4] == dt.date(2028, 2, 29)
    assert dates[5] == dt.date(2028, 3, 7)


def test_a_daily_programme_runs_over_the_weekend_gap_without_calling_it_skipped():
    dates, skipped = placed("2027-01-15", UNLOCKING)

    assert dates == (dt.date(2027, 1, 15), dt.date(2027, 1, 18), dt.date(2027, 1, 19))
    assert skipped == ()


def test_a_daily_programme_goes_round_easter():
    dates, skipped = placed("2027-03-25", UNLOCKING)

    assert dates == (dt.date(2027, 3, 25), dt.date(2027, 3, 30), dt.date(2027, 3, 31))
    assert [each.why for each in skipped] == ["Good Friday", "Easter Monday"]


def test_a_daily_programme_asked_for_in_the_christmas_closure_starts_after_it():
    dates, skipped = placed("2026-12-21", UNLOCKING)

    assert dates[0] == dt.date(2027, 1, 4)
    assert len(skipped) == 10


def test_a_daily_programme_can_be_asked_to_begin_on_a_weekday():
    assert placed("2027-01-13", UNLOCKING, weekday=0)[0][0] == dt.date(2027, 1, 18)


@pytest.mark.parametrize("programme", [MANY_FACES, UNLOCKING])
def test_a_closure_without_end_is_refused_rather_than_searched_for_ever(programme):
    never = Blackout(dt.date(2027, 1, 1), dt.date(2099, 1, 1), "being rebuilt")

    with pytest.raises(Refused, match="open dates") as refused:
        placed("2027-01-12", programme, on=calendar(blackouts=(never,)))

    assert refused.value.code == "refused"


def test_a_start_at_the_end_of_time_is_refused():
    with pytest.raises(Refused):
        placed("9999-12-01")


def test_a_weekday_that_is_none_is_refused_by_name():
    with pytest.raises(Refused) as refused:
        placed("2027-01-12", weekday=7)

    assert list(refused.value.fields) == ["weekday"]


DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))


CLOSURES = st.builds(
    lambda first, days, yearly: Blackout(first, first + dt.timedelta(days), "closed", yearly),
    DAYS,
    st.integers(0, 80),
    st.booleans(),
)
CALENDARS = st.builds(
    lambda closures, holidays: EstablishmentCalendar(hours(), tuple(closures), holidays),
    st.lists(CLOSURES, max_size=2),
    st.dictionaries(DAYS, st.just("a bank holiday"), max_size=30),
)


@given(start=DAYS, weekday=st.none() | st.integers(0, 6), on=CALENDARS)
def test_a_weekly_run_has_its_sessions_week_by_week_on_open_days(start, weekday, on):
    dates, skipped = session_dates(MANY_FACES, start, weekday, on)
    weeks = sorted([*dates, *(each.date for each in skipped)])

    assert len(dates) == 16
    assert all(on.closed_on(day) is None for day in dates)
    assert all(on.closed_on(each.date) == each.why for each in skipped)
    assert all(before < after for before, after in pairwise(dates))
    assert all(after - before == dt.timedelta(weeks=1) for before, after in pairwise(weeks))
    assert weeks[0].weekday() == (start.weekday() if weekday is None else weekday)
    assert dt.timedelta(0) <= weeks[0] - start < dt.timedelta(weeks=1)


@given(start=DAYS, on=CALENDARS)
def test_a_daily_programme_takes_every_open_weekday_until_it_is_done(start, on):
    try:
        dates, skipped = session_dates(UNLOCKING, start, None, on)
    except Refused:
        six_weeks = (start + dt.timedelta(days) for days in range(6 * 7))
        assert len([day for day in six_weeks if day.weekday() < 5 and on.closed_on(day) is None]) < 3
        return
    span = [dates[0] + dt.timedelta(days) for days in range((dates[-1] - dates[0]).days + 1)]

    assert len(dates) == 3
    assert list(dates) == [day for day in span if day.weekday() < 5 and on.closed_on(day) is None]
    assert all(on.closed_on(each.date) == each.why for each in skipped)


@pytest.mark.parametrize(
    ("am", "pm", "expected"),
    [
        ("08:30-11:45", "13:45-16:45", "08:30-11:30"),
        ("08:30-11:30", "13:15-16:45", "08:30-11:30"),
        ("09:30-11:30", "13:45-16:45", "13:45-16:45"),
        ("08:30-11:00", "13:45-16:30", "13:45-16:45"),
        ("08:30-11:15", "13:45-16:30", "08:30-11:30"),
        ("09:30-11:30", "", "09:30-12:30"),
    ],
    ids=[
        "morning holds it",
        "morning holds it to the minute",
        "only afternoon holds it",
        "neither: the longer",
        "equal: the first",
        "morning alone",
    ],
)
def test_with_no_window_asked_for_the_first_that_holds_the_session_is_taken(am, pm, expected):
    start, end = session_times(MANY_FACES, hours(am, pm), TUESDAY, None)

    assert f"{start:%H:%M}-{end:%H:%M}" == expected


def test_the_window_asked_for_is_taken_whether_it_holds_the_session_or_not():
    short = hours(pm="13:30-15:00")

    assert session_times(MANY_FACES, short, TUESDAY, "pm") == (at("13:30"), at("16:30"))


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("am", "08:30", "11:30"), ("pm", "13:45", "16:45"), (None, "08:30", "11:30")]
)
def test_with_no_regime_on_file_the_usual_prison_day_stands_in(asked, start, end):
    assert session_times(MANY_FACES, Regime({}), TUESDAY, asked) == (at(start), at(end))


def test_a_training_day_lasts_from_the_morning_start_to_the_afternoon_finish():
    assert session_times(UNLOCKING, hours(), TUESDAY, None) == (at("08:30"), at("16:45"))


def test_a_training_day_keeps_its_minutes_where_the_day_is_shorter():
    short = hours("09:30-11:30", "12:30-14:00")

    assert session_times(UNLOCKING, short, TUESDAY, "day") == (at("09:30"), at("15:30"))


@pytest.mark.parametrize("start", ["21:00", "22:30"])
def test_a_session_that_would_run_to_midnight_is_refused(start):
    with pytest.raises(Refused, match="midnight"):
        session_times(MANY_FACES, hours(pm=f"{start}-23:59"), TUESDAY, "pm")
