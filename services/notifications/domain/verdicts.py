"""What is done with a message whose time has come, by what its reader prefers."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.notifications.domain.digests import DIGEST, DigestDay, days_ahead
from services.notifications.domain.messages import Message
from services.notifications.domain.preferences import Preferences, Way
from services.notifications.domain.quiet_hours import next_open
from services.notifications.domain.urgency import Urgency

NOT_WANTED = "They asked us to write only where it is urgent or needed, or to answer them."
IN_QUIET_HOURS = "It waits until the quiet hours end."
TO_BE_RUNG = "They prefer a call. A task says so."

LATE = timedelta(hours=1)
"""A reminder goes at its own time, which was chosen outside quiet hours. One so long after it keeps them as well."""
HALF_A_DAY = timedelta(hours=4)
"""A late reminder of a session that begins so soon after quiet hours goes in the night before all the same."""


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
    come too late by waiting is sent at once. A digest is never switched off: it may tell what the work needs.
    """
    if message.urgency.passes:
        return Send()
    if is_unwanted(message, preferences):
        return HoldBack(NOT_WANTED)
    if preferences.channel is Way.PHONE:
        return HoldBack(TO_BE_RUNG, to_call=True)
    if preferences.digest and message.template != DIGEST and message.resend_of is None:
        digest = next(each for each in days_ahead(now, preferences, holidays) if each.day not in closed)
        # What asks for an answer, such as an offer, leaves time for one.
        leaves = HALF_A_DAY if message.urgency is Urgency.NEEDED else timedelta()
        if not message.is_past_use(digest.due_at + leaves):
            return Collect(digest)
    if _is_late_reminder(message, now):
        opens = next_open(now, preferences, holidays)
        return Send() if opens <= now or message.is_past_use(opens + HALF_A_DAY) else Wait(opens)
    opens = next_open(now, preferences, holidays) if message.urgency.keeps_quiet_hours else now
    return Send() if opens <= now or message.is_past_use(opens) else Wait(opens)


def is_unwanted(message: Message, preferences: Preferences) -> bool:
    """Say whether its reader has switched off what it is."""
    may_be_off = message.urgency.may_be_switched_off and message.template != DIGEST
    return may_be_off and not preferences.non_critical


def _is_late_reminder(message: Message, now: datetime) -> bool:
    return message.urgency is Urgency.REMINDER and now > message.due_at + LATE
