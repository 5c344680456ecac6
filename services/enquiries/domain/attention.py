"""What needs a person now: first replies against their clock, and silences past their nudge.

The clocks themselves are in `domain.clocks`. Here they are turned round: not "what is due about this enquiry", but
"which moments lie so far back that something is due", so that a database can find and count them all at once.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from services.enquiries.domain.clocks import ANSWER, FIRST_REPLY, MORNING, Step
from services.enquiries.domain.pipeline import Side
from shared.clock import LONDON, day_in_london
from shared.working_days import working_day_before

WITHIN_WORKING_DAYS = FIRST_REPLY[Step.DUE]
"""Working days within which a person writes the first reply."""

RUNS_OUT_WITHIN = timedelta(days=7)
"""How long before its last day a proposal is looked at."""

_A_DAY = timedelta(days=1)


class ReplyState(StrEnum):
    """How a first reply that nobody has written stands."""

    IN_TIME = "in_time"
    DUE_TODAY = "due_today"
    LATE = "late"


def reply_state(due_at: datetime, now: datetime) -> ReplyState:
    """Say how a first reply stands that is due at `due_at` and that nobody has written."""
    if due_at < now:
        return ReplyState.LATE
    return ReplyState.DUE_TODAY if due_at < end_of_today(now) else ReplyState.IN_TIME


def end_of_today(now: datetime) -> datetime:
    """Give the midnight in London that ends the day of a moment, in UTC."""
    return _at(day_in_london(now) + _A_DAY, time())


def silences_at(side: Side, now: datetime, holidays: Container[date]) -> Mapping[Step, datetime]:
    """Give, for each step of the answer clock of a side, the moment before which a silence must have begun to be there.

    The steps are in their order, in UTC. A silence that began at or after a moment has not come to its step.
    """
    today = day_in_london(now)
    last = today if now >= _at(today, MORNING) else today - _A_DAY
    return {step: _at(working_day_before(last + _A_DAY, days, holidays), time()) for step, days in ANSWER[side].items()}


def step_of_silence(began: datetime, steps: Mapping[Step, datetime]) -> Step | None:
    """Give the last of the steps that a silence has come to, as `silences_at` gives them; None before the first."""
    reached = [step for step, before in steps.items() if began < before]
    return reached[-1] if reached else None


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, LONDON).astimezone(UTC)
