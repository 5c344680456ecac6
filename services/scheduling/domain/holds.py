"""Holds: time that is kept for a run while a prison makes up its mind, for a while, one after another.

The first in line has the time; the others wait, and whoever fits moves up when it is free.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal
from uuid import UUID

from services.scheduling.domain.facts import Booking, Facts, RoomBooking
from services.scheduling.domain.rules import facilitator_is_in_one_place
from services.scheduling.domain.runs import Run, Session
from services.scheduling.domain.words import in_words
from shared.errors import Refused
from shared.working_days import add_working_days, is_working_day

HoldState = Literal["active", "released", "expired", "converted"]

HOLD_DAYS: Final = 10
"""How many working days a hold lasts, and how many at most it is extended by."""
WARNED_BEFORE: Final = 3
"""Working days before its last that people are told: of ten, that is after the seventh."""

EXTENSION_REASONS: Final = (
    "agreement_being_signed",
    "purchase_order_awaited",
    "vetting_under_way",
    "prison_asked",
    "agreed_with_those_who_wait",
)
"""Why a hold may be extended although somebody waits for its time."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold of a run. `rank` 1 has the time, others wait behind it.

    `expires_on` is its last day; while it waits, it is the last day of what it waits for. `warned_for` is the last day
    of which a warning was given. `extended_for` is why it was extended while somebody waited.
    """

    id: UUID
    run_id: UUID
    rank: int
    state: HoldState
    placed_at: dt.datetime
    placed_by: str
    expires_on: dt.date
    warned_for: dt.date | None = None
    extended_at: dt.datetime | None = None
    extended_for: str | None = None
    ended_at: dt.datetime | None = None
    told: int = 0

    @property
    def has_the_time(self) -> bool:
        """Say whether it takes the time of people and rooms now."""
        return self.state == "active" and self.rank == 1

    @property
    def waits(self) -> bool:
        """Say whether it stands in line behind another."""
        return self.state == "active" and self.rank > 1

    def is_over(self, today: dt.date) -> bool:
        """Say whether its last day has passed. One that waits has none of its own."""
        return self.has_the_time and self.expires_on < today

    def wants_warning(self, today: dt.date, holidays: Container[dt.date]) -> bool:
        """Say whether people are to be told today that it ends soon."""
        due = self.has_the_time and warned_on(self.expires_on, holidays) <= today <= self.expires_on
        return due and self.warned_for != self.expires_on

    def extended(self, days: int, at: dt.datetime, reason: str | None, holidays: Container[dt.date]) -> Hold:
        """Give the hold that lasts so many working days longer.

        Raises Refused ("refused") for one that waits, that has ended, or that was extended before.
        """
        if not self.has_the_time:
            where = f"waits with rank {self.rank}" if self.waits else f"is {self.state}"
            raise Refused("refused", f"This hold {where}, so it has no last day to move. Only one of rank 1 has.")
        if self.extended_at is not None:
            raise Refused(
                "refused",
                f"This hold was extended once, to {in_words(self.expires_on)}, and once is all. "
                "Confirm the run by then, or place a new hold after it.",
            )
        until = add_working_days(self.expires_on, days, holidays)
        return replace(self, expires_on=until, extended_at=at, extended_for=reason)


@dataclass(frozen=True, slots=True)
class Clash:
    """A session of a run, and what of another run is in its way: `what` names it, without any person."""

    session: Session
    what: str
    run_id: UUID | None


def last_day(placed_on: dt.date, days: int, holidays: Container[dt.date]) -> dt.date:
    """Give the last day of a hold that begins on a day, which itself does not count."""
    return add_working_days(placed_on, days, holidays)


def warned_on(expires_on: dt.date, holidays: Container[dt.date]) -> dt.date:
    """Give the working day on which people are told that a hold ends soon."""
    day, left = expires_on, WARNED_BEFORE
    while left:
        day -= dt.timedelta(days=1)
        left -= is_working_day(day, holidays)
    return day


def clashes_of(run: Run, facts: Facts) -> tuple[Clash, ...]:
    """Give what is in the way of a run's sessions among the bookings of `facts`, the earliest first.

    People clash by rule H6, the way between two places and their gates included; rooms where the times overlap.
    """
    return tuple(clash for session in run.live for clash in _clashes_of_session(session, facts))


def _clashes_of_session(session: Session, facts: Facts) -> Iterator[Clash]:
    for person in dict.fromkeys(session.facilitator_ids):
        for booking in facts.bookings_about(person, session.date):
            alone = replace(facts, bookings=(booking,))
            if facilitator_is_in_one_place(session, person, alone) is not None:
                yield Clash(session, booking.what, booking.run_id)
    if session.room_id is not None:
        start, end = session.starts_at(), session.ends_at()
        for taken in facts.bookings_of_room(session.room_id):
            if start < taken.ends_at and taken.starts_at < end:
                yield Clash(session, f"{taken.what}, in the same room", taken.run_id)


def as_bookings(run: Run, place: str) -> tuple[tuple[Booking, ...], tuple[RoomBooking, ...]]:
    """Give a run as if it had its time already: what its people and its rooms would do. `place` is its name."""
    people = tuple(
        Booking(
            person,
            run.establishment_id,
            session.starts_at(),
            session.ends_at(),
            what_of(session, place),
            run_id=run.id,
            in_prison=run.mode == "in_person",
        )
        for session in run.live
        for person in session.facilitator_ids
    )
    rooms = tuple(
        RoomBooking(session.room_id, session.starts_at(), session.ends_at(), what_of(session, place), run_id=run.id)
        for session in run.live
        if session.room_id is not None
    )
    return people, rooms


def what_of(session: Session, place: str) -> str:
    """Name a session by its place and its day."""
    return f"a session at {place} on {in_words(session.date)}"


def rank_behind(ahead: Iterable[Hold]) -> int:
    """Give the rank of a hold that clashes with those: the first if none of them has the time, else behind them all."""
    those = tuple(ahead)
    return 1 + max(each.rank for each in those) if any(each.has_the_time for each in those) else 1


def said(clashes: Iterable[Clash], most: int = 3) -> str:
    """Say clashes in words: "session 1 on 2 March 2027 with a session at Oakwood (HMP) on 2 March 2027"."""
    found = list(
        dict.fromkeys(
            f"session {each.session.number} on {in_words(each.session.date)} with {each.what}" for each in clashes
        )
    )
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more
