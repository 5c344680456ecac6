"""Offers to facilitators: until when they are open, and what ends them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.runs import Session

OfferState = Literal["open", "accepted", "declined", "withdrawn", "lapsed"]
STATES: tuple[str, ...] = get_args(OfferState)
OfferRole = Literal["regular", "cover"]
ROLES: tuple[str, ...] = get_args(OfferRole)

BEFORE_THE_START: Final = dt.timedelta(hours=3, minutes=45)
"""How long before a session it has to be known who comes: 10:00 for one at 13:45.

This project's default: it leaves time to send the gate the new name, to travel, and to report; or to tell the prison in
time that there is no session.
"""
FIRST_HOUR: Final = dt.time(8)
"""Nobody is asked to have answered by an earlier hour of the day than this."""
EVENING: Final = dt.time(18)
"""So for a session in the morning the last moment is at this hour of the evening before."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Sessions of one run that one facilitator is asked to lead, in place of somebody or where somebody lacks."""

    id: UUID
    run_id: UUID
    facilitator_id: UUID
    session_ids: tuple[UUID, ...]
    role: OfferRole
    instead_of: UUID | None
    state: OfferState
    answer_by: dt.datetime
    told: int

    @property
    def is_open(self) -> bool:
        """Say whether it waits for an answer."""
        return self.state == "open"


def answer_by(session: Session, report_minutes: int) -> dt.datetime:
    """Give the last moment, in UTC, to find out who leads a session: the rule of `BEFORE_THE_START`.

    It is never later than the moment at which people have to be at the gate, and where it would fall before
    `FIRST_HOUR` by the clock it is at `EVENING` on the day before.
    """
    before = max(BEFORE_THE_START, dt.timedelta(minutes=report_minutes))
    zone = ZoneInfo(session.zone)
    local = (session.starts_at() - before).astimezone(zone)
    if local.date() == session.date and local.time() >= FIRST_HOUR:
        return local.astimezone(dt.UTC)
    evening = dt.datetime.combine(session.date - dt.timedelta(days=1), EVENING, zone)
    return min(local, evening).astimezone(dt.UTC)


def first_answer_by(sessions: Iterable[Session], report_minutes: int) -> dt.datetime:
    """Give the last moment for several sessions: that of the first of them."""
    return min(answer_by(each, report_minutes) for each in sessions)


def arrive_by(session: Session, report_minutes: int) -> dt.time:
    """Give the local time by which to be at the gate."""
    at = session.starts_at() - dt.timedelta(minutes=report_minutes)
    return at.astimezone(ZoneInfo(session.zone)).time()
