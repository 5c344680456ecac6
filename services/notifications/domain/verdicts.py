"""What is done with a message whose time has come, by what its reader prefers."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime

from services.notifications.domain.digests import DIGEST, DigestDay, days_ahead
from services.notifications.domain.messages import Message
from services.notifications.domain.preferences import Preferences, Way
from services.notifications.domain.quiet_hours import next_open

NOT_WANTED = "They asked us to write only where it is urgent or needed, or to answer them."
IN_QUIET_HOURS = "It waits until the quiet hours end."
TO_BE_RUNG = "They prefer a call. A task says so."


@dataclass(frozen=True, slots=True)
class Send:
    """It goes out now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It waits until its reader's quiet hours end."""

    until: datetime


@dataclass(frozen=True, slots=True)
class HoldBack:
    """It is not sent. `to_call`: somebody has to ring its reader instead."""

    why: str
    to_call: bool = False


@dataclass(frozen=True, slots=True)
class Collect:
    """It is told in a digest."""

    digest: DigestDay


Verdict = Send | Wait | HoldBack | Collect


def judge(
    message: Message,
    preferences: Preferences,
    holidays: Container[date],
    now: datetime,
    closed: Container[date] = (),
) -> Verdict:
    """Say what becomes of a message now.

    `holidays` are those of its reader's nation; `closed` the days whose digest has gone out to them already. What would
    come too late by waiting is sent at once.
    """
    if message.urgency.passes:
        return Send()
    if not preferences.non_critical and message.urgency.may_be_switched_off:
        return HoldBack(NOT_WANTED)
    if preferences.channel is Way.PHONE:
        return HoldBack(TO_BE_RUNG, to_call=True)
    if preferences.digest and message.template != DIGEST and message.resend_of is None:
        digest = next(each for each in days_ahead(now, preferences, holidays) if each.day not in closed)
        if not message.is_past_use(digest.due_at):
            return Collect(digest)
    opens = next_open(now, preferences, holidays) if message.urgency.keeps_quiet_hours else now
    return Send() if opens <= now or message.is_past_use(opens) else Wait(opens)
