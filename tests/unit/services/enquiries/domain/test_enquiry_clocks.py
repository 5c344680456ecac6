"""When a reply is due and when silence is said something about, against the calendar of the three divisions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.clocks import (
    ANSWER,
    NOTICE,
    Step,
    answer_step,
    first_reply_due,
    first_reply_step,
    next_morning,
    resumed_reply_due,
)
from services.enquiries.domain.pipeline import Side
from shared.clock import LONDON, parse_moment
from shared.holidays import bank_holidays_of
from shared.working_days import add_working_days, is_working_day, working_days_between

ENGLAND = bank_holidays_of("england-and-wales")
SCOTLAND = bank_holidays_of("scotland")
NORTHERN_IRELAND = bank_holidays_of("northern-ireland")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001


def local(moment: datetime) -> str:
    return moment.astimezone(LONDON).strftime("%a %d %b %H:%M")


@pytest.mark.parametrize(
    ("received", "holidays", "due"),
    [
        ("2026-11-24T09:30", ENGLAND, "Thu 26 Nov 17:00"),
        ("2026-11-24T00:00", ENGLAND, "Thu 26 Nov 17:00"),
        ("2026-11-24T23:59", ENGLAND, "Thu 26 Nov 17:00"),
        # Friday in the morning, after hours, and the whole weekend: Monday is day one.
        ("2026-11-27T09:00", ENGLAND, "Tue 01 Dec 17:00"),
        ("2026-11-27T17:30", ENGLAND, "Tue 01 Dec 17:00"),
        ("2026-11-28T12:00", ENGLAND, "Tue 01 Dec 17:00"),
        ("2026-11-29T23:59", ENGLAND, "Tue 01 Dec 17:00"),
        ("2026-11-30T00:01", ENGLAND, "Wed 02 Dec 17:00"),
        # St Andrew's Day is a Monday in 2026.
        ("2026-11-27T17:30", SCOTLAND, "Wed 02 Dec 17:00"),
        # 25 December is a Friday, and Monday the 28th stands in for Boxing Day.
        ("2026-12-23T10:00", ENGLAND, "Tue 29 Dec 17:00"),
        ("2026-12-24T18:00", ENGLAND, "Wed 30 Dec 17:00"),
        ("2026-12-25T10:00", ENGLAND, "Wed 30 Dec 17:00"),
        ("2026-12-26T10:00", ENGLAND, "Wed 30 Dec 17:00"),
        ("2026-12-28T10:00", ENGLAND, "Wed 30 Dec 17:00"),
        # 2 January is a Saturday in 2027: Scotland keeps Monday the 4th for it.
        ("2026-12-30T10:00", ENGLAND, "Mon 04 Jan 17:00"),
        ("2026-12-30T10:00", SCOTLAND, "Tue 05 Jan 17:00"),
        # St Patrick's Day is a Wednesday in 2027.
        ("2027-03-15T10:00", ENGLAND, "Wed 17 Mar 17:00"),
        ("2027-03-15T10:00", NORTHERN_IRELAND, "Thu 18 Mar 17:00"),
        # Over the start of summer time it is 17:00 by the clock on the wall.
        ("2027-03-25T10:00", ENGLAND, "Wed 31 Mar 17:00"),
    ],
)
def test_a_first_reply_is_due_at_the_end_of_the_second_working_day_after(received, holidays, due):
    assert local(first_reply_due(parse_moment(received), holidays)) == due


def test_in_summer_a_day_in_london_begins_an_hour_before_the_day_in_utc():
    assert first_reply_due(datetime(2027, 6, 1, 23, 30, tzinfo=UTC), ENGLAND) == datetime(2027, 6, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "step"),
    [
        ("2026-11-26T08:59", None),
        ("2026-11-26T09:00", Step.DUE),
        ("2026-11-26T23:59", Step.DUE),
        ("2026-11-27T08:59", Step.DUE),
        ("2026-11-27T09:00", Step.LATE),
        ("2026-12-24T09:00", Step.LATE),
    ],
)
def test_a_first_reply_is_said_due_on_its_morning_and_late_on_the_next_working_one(now, step):
    due_at = first_reply_due(parse_moment("2026-11-24T09:30"), ENGLAND)

    assert first_reply_step(due_at, parse_moment(now), ENGLAND) is step


def test_what_was_due_before_christmas_is_late_on_the_working_day_after():
    due_at = first_reply_due(parse_moment("2026-12-22T10:00"), ENGLAND)

    assert local(due_at) == "Thu 24 Dec 17:00"
    assert first_reply_step(due_at, parse_moment("2026-12-28T12:00"), ENGLAND) is Step.DUE
    assert first_reply_step(due_at, parse_moment("2026-12-29T09:00"), ENGLAND) is Step.LATE


def test_working_days_spent_waiting_on_others_are_added_to_the_time_for_the_first_reply():
    due_at = first_reply_due(parse_moment("2026-11-24T09:30"), ENGLAND)

    resumed = resumed_reply_due(due_at, parse_moment("2026-11-25T10:00"), parse_moment("2026-12-02T10:00"), ENGLAND)

    assert local(resumed) == "Thu 03 Dec 17:00"
    assert (
        resumed_reply_due(due_at, parse_moment("2026-11-25T10:00"), parse_moment("2026-11-25T16:00"), ENGLAND) == due_at
    )


# Waiting since Tuesday 24 November 2026; day one is Wednesday.
SINCE = parse_moment("2026-11-24T15:00")
MORNINGS = {
    "2026-12-01T09:00": Step.FIRST_NUDGE,
    "2026-12-08T09:00": Step.SECOND_NUDGE,
    "2026-12-15T09:00": Step.OFFER_CALL,
    "2027-01-08T09:00": Step.LAPSE,
}


def test_silence_is_said_on_the_mornings_of_the_fifth_tenth_fifteenth_and_thirtieth_working_day():
    said: dict[Step, datetime] = {}
    heard = {}
    moment = next_morning(SINCE)
    for _ in range(60):
        step = answer_step(Side.PRISON, SINCE, moment, ENGLAND, said)
        if step is not None:
            said[step] = moment
            heard[moment.astimezone(LONDON).strftime("%Y-%m-%dT%H:%M")] = step
        moment = next_morning(moment)

    assert heard == MORNINGS


def test_a_minute_before_the_morning_nothing_is_said():
    assert answer_step(Side.PRISON, SINCE, parse_moment("2026-12-01T08:59"), ENGLAND, {}) is None


def test_of_what_was_missed_in_an_outage_only_the_last_is_said():
    assert answer_step(Side.PRISON, SINCE, parse_moment("2026-12-10T11:00"), ENGLAND, {}) is Step.SECOND_NUDGE


def test_nothing_lapses_that_was_not_announced():
    late = parse_moment("2027-02-01T09:00")

    assert answer_step(Side.PRISON, SINCE, late, ENGLAND, {}) is Step.OFFER_CALL
    said = {Step.OFFER_CALL: late}
    assert answer_step(Side.PRISON, SINCE, parse_moment("2027-02-05T09:00"), ENGLAND, said) is None
    assert answer_step(Side.PRISON, SINCE, parse_moment("2027-02-08T09:00"), ENGLAND, said) is Step.LAPSE


def test_while_it_is_our_turn_the_other_sides_clock_says_nothing():
    assert answer_step(Side.US, SINCE, parse_moment("2028-01-03T09:00"), ENGLAND, {}) is None


def test_a_funders_silence_nudges_nobody_and_lapses_nothing():
    assert set(ANSWER[Side.FUNDER]) == {Step.ASK_FUNDER, Step.ASK_FUNDER_AGAIN}
    assert answer_step(Side.FUNDER, SINCE, parse_moment("2026-12-08T09:00"), ENGLAND, {}) is Step.ASK_FUNDER


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        ("2026-11-24T08:59", "2026-11-24T09:00"),
        ("2026-11-24T09:00", "2026-11-25T09:00"),
        ("2026-11-24T23:59", "2026-11-25T09:00"),
        ("2027-03-27T12:00", "2027-03-28T09:00"),
        ("2026-10-24T12:00", "2026-10-25T09:00"),
    ],
)
def test_the_clocks_are_looked_at_at_nine_in_london_whatever_the_season(moment, after):
    assert next_morning(parse_moment(moment)) == parse_moment(after)


@given(MOMENTS, st.sampled_from([ENGLAND, SCOTLAND, NORTHERN_IRELAND]))
def test_a_reply_is_always_due_on_a_working_day_two_of_them_after(received, holidays):
    due_on = first_reply_due(received, holidays).astimezone(LONDON).date()

    assert is_working_day(due_on, holidays)
    assert working_days_between(received.astimezone(LONDON).date(), due_on, holidays) == 2


@given(st.dates(date(2026, 1, 1), date(2028, 6, 1)), st.integers(1, 40))
def test_adding_working_days_and_counting_them_agree(day, count):
    there = add_working_days(day, count, ENGLAND)

    assert working_days_between(day, there, ENGLAND) == count
    assert is_working_day(there, ENGLAND)


@given(MOMENTS, st.lists(st.integers(0, 20), min_size=1, max_size=12))
def test_however_irregularly_the_clocks_are_looked_at_each_step_comes_once_and_the_lapse_last(since, pauses):
    said: dict[Step, datetime] = {}
    heard = []
    moment = since
    for days in [*pauses, *([1] * 60)]:
        moment += timedelta(days=days)
        step = answer_step(Side.PRISON, since, moment, ENGLAND, said)
        if step is not None:
            heard.append(step)
            said[step] = moment

    assert len(heard) == len(set(heard))
    assert heard == sorted(heard, key=list(Step).index)
    assert heard[-1] is Step.LAPSE
    before = said[heard[-2]].astimezone(LONDON).date()
    assert working_days_between(before, said[Step.LAPSE].astimezone(LONDON).date(), ENGLAND) >= NOTICE
