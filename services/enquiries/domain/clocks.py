"""When a person's reply is due, and when the other side has been silent for so long that something is said about it.

How days count: the day on which a clock is set does not count, whatever its hour. Friday at 09:00, Friday at 17:30,
Saturday, Sunday and a bank holiday all have the same next working day as their day one. Days are days in London; bank
holidays are those of the establishment's nation. A reply is due by the end of its day, at 17:00. What is said, is said
at 09:00: on the morning of the day a reply is due there is still time to write it.

Source: domain notes, section 5.3, "human reply" and "no answer from prison".
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum

from services.enquiries.domain.pipeline import Side
from shared.clock import LONDON, day_in_london
from shared.working_days import add_working_days, working_days_between

MORNING, END_OF_DAY = time(9), time(17)


class Clock(StrEnum):
    """What is being waited for."""

    FIRST_REPLY = "first_reply"
    ANSWER = "answer"


class Step(StrEnum):
    """What a clock says."""

    DUE = "due"
    LATE = "late"
    FIRST_NUDGE = "first_nudge"
    SECOND_NUDGE = "second_nudge"
    OFFER_CALL = "offer_call"
    LAPSE = "lapse"
    ASK_FUNDER = "ask_funder"
    ASK_FUNDER_AGAIN = "ask_funder_again"


FIRST_REPLY: Mapping[Step, int] = {Step.DUE: 2, Step.LATE: 3}
ANSWER: Mapping[Side, Mapping[Step, int]] = {
    Side.US: {},
    Side.PRISON: {Step.FIRST_NUDGE: 5, Step.SECOND_NUDGE: 10, Step.OFFER_CALL: 15, Step.LAPSE: 30},
    # A funder's decision is not in the enquirer's hands: nobody is nudged and nothing lapses, our own people look.
    Side.FUNDER: {Step.ASK_FUNDER: 10, Step.ASK_FUNDER_AGAIN: 20},
}
"""The lead times, in working days. The one place for them: they are the same for every establishment so far."""

NOTICE = 5
"""Working days between the last reminder and a lapse, at the least: nothing lapses unannounced after an outage."""

SHORTEST_SILENCE = min(days for steps in ANSWER.values() for days in steps.values())
"""Working days, and so days, before which no step of the answer clock can be due."""


def first_reply_due(received_at: datetime, holidays: Container[date]) -> datetime:
    """Give when a person's first reply is due: 17:00 in London on the second working day after, in UTC."""
    return _at(add_working_days(_day(received_at), FIRST_REPLY[Step.DUE], holidays), END_OF_DAY)


def resumed_reply_due(
    due_at: datetime, paused_at: datetime, resumed_at: datetime, holidays: Container[date]
) -> datetime:
    """Give when the first reply is due now that we need not wait for the other side any more, in UTC.

    The working days of the pause are added. What was late when the pause began is late still.
    """
    paused, resumed = _day(paused_at), _day(resumed_at)
    pause = working_days_between(paused, resumed, holidays)
    return _at(add_working_days(_day(due_at), pause, holidays), END_OF_DAY)


def first_reply_step(due_at: datetime, now: datetime, holidays: Container[date]) -> Step | None:
    """Give what is to be said at `now` about a first reply that nobody has written, if anything."""
    due_on = _day(due_at)
    late_on = add_working_days(due_on, FIRST_REPLY[Step.LATE] - FIRST_REPLY[Step.DUE], holidays)
    if now >= _at(late_on, MORNING):
        return Step.LATE
    return Step.DUE if now >= _at(due_on, MORNING) else None


def answer_step(
    side: Side, since: datetime, now: datetime, holidays: Container[date], said: Mapping[Step, datetime]
) -> Step | None:
    """Give what is to be said at `now` to or about a side that we have waited for since `since`, if anything.

    `said` has what was said in this round of waiting, and when. Of several steps that came due while nobody looked
    only the last is said, so that nobody gets two reminders in a minute; a lapse waits until `NOTICE` working days
    after a reminder.
    """
    started = _day(since)
    reached = [
        step for step, days in ANSWER[side].items() if now >= _at(add_working_days(started, days, holidays), MORNING)
    ]
    if reached and reached[-1] is Step.LAPSE and not _was_announced(said, now, holidays):
        reached.pop()
    return reached[-1] if reached and reached[-1] not in said else None


def working_day_after(moment: datetime, count: int, holidays: Container[date]) -> date:
    """Give the day in London that is `count` working days after a moment; the moment's own day does not count."""
    return add_working_days(_day(moment), count, holidays)


def next_morning(moment: datetime) -> datetime:
    """Give the next 09:00 in London after a moment, in UTC: when the clocks are looked at."""
    today = _at(_day(moment), MORNING)
    return today if today > moment else _at(date.fromordinal(_day(moment).toordinal() + 1), MORNING)


def _was_announced(said: Mapping[Step, datetime], now: datetime, holidays: Container[date]) -> bool:
    if not said:
        return False
    return working_days_between(_day(max(said.values())), _day(now), holidays) >= NOTICE


def _day(moment: datetime) -> date:
    return day_in_london(moment)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, LONDON).astimezone(UTC)
