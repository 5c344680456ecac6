"""Which moments lie so far back that a clock has something to say, against the clocks themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.enquiries.domain.attention import ReplyState, end_of_today, reply_state, silences_at, step_of_silence
from services.enquiries.domain.clocks import ANSWER, Step, answer_step
from services.enquiries.domain.pipeline import Side
from shared.clock import LONDON
from shared.holidays import bank_holidays_of

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: BEGINS + timedelta(minutes=minutes))
DIVISIONS = st.sampled_from(["england-and-wales", "scotland", "northern-ireland"])


def london(*fields):
    return datetime(*fields, tzinfo=LONDON)


@settings(deadline=None)
@given(now=MOMENTS, silent=st.timedeltas(timedelta(), timedelta(days=60)), division=DIVISIONS)
def test_a_silence_has_come_to_the_steps_that_its_clock_would_say(now, silent, division):
    holidays, began = bank_holidays_of(division), now - silent
    steps = silences_at(Side.PRISON, now, holidays)

    reached = step_of_silence(began, steps)

    # The clock does not say a lapse that nobody was told of: the reminder before it is said instead.
    said = answer_step(Side.PRISON, began, now, holidays, {})
    assert said == (Step.OFFER_CALL if reached is Step.LAPSE else reached)


def test_a_silence_is_past_its_nudge_at_nine_on_the_fifth_working_day():
    holidays = bank_holidays_of("england-and-wales")
    began = london(2026, 12, 17, 16, 0)  # a Thursday; Christmas and Boxing Day (kept on Monday) are no working days

    def step_at(now):
        return step_of_silence(began, silences_at(Side.PRISON, now, holidays))

    assert step_at(london(2026, 12, 24, 8, 59)) is None
    assert step_at(london(2026, 12, 24, 9, 0)) is Step.FIRST_NUDGE
    assert step_at(london(2027, 1, 4, 9, 0)) is Step.FIRST_NUDGE
    assert step_at(london(2027, 1, 5, 9, 0)) is Step.SECOND_NUDGE


def test_nothing_is_said_of_our_own_silence():
    assert silences_at(Side.US, london(2026, 12, 1, 9), ()) == {}
    assert step_of_silence(london(2026, 1, 1, 9), {}) is None
    assert list(silences_at(Side.FUNDER, london(2026, 12, 1, 9), ())) == list(ANSWER[Side.FUNDER])


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (london(2026, 11, 25, 23, 59), ReplyState.IN_TIME),
        (london(2026, 11, 26, 0, 0), ReplyState.DUE_TODAY),
        (london(2026, 11, 26, 17, 0), ReplyState.DUE_TODAY),
        (london(2026, 11, 26, 17, 1), ReplyState.LATE),
    ],
)
def test_a_first_reply_is_in_time_due_today_or_late(now, state):
    assert reply_state(london(2026, 11, 26, 17, 0), now) is state


def test_a_day_ends_at_midnight_in_london_when_clocks_change_too():
    assert end_of_today(london(2026, 10, 25, 0, 30)) == datetime(2026, 10, 26, 0, 0, tzinfo=UTC)
    assert end_of_today(london(2026, 3, 29, 0, 30)) == datetime(2026, 3, 29, 23, 0, tzinfo=UTC)
