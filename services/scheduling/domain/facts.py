"""What the rules ask about: who, where, when, as plain values. Nothing here reads a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from services.scheduling.domain.calendar import EstablishmentCalendar
from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment, KitApproval, Room
from services.scheduling.domain.facilitators import Facilitator
from services.scheduling.domain.programmes import Mode, Programme
from services.scheduling.domain.travel import Travel

OVERRIDABLE: frozenset[str] = frozenset({"H1", "H2", "H9", "H12"})
"""The rules that somebody may decide not to keep, by name and with a reason."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A session that takes a facilitator's time elsewhere: one of a confirmed run, or of a hold of the first rank.

    Instants are aware; `what` names it. `in_prison` is False for a remote one, which needs no gate and no journey.
    """

    facilitator_id: UUID
    establishment_id: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    what: str
    run_id: UUID | None = None
    in_prison: bool = True

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("starts_at, ends_at: a booking needs instants with a time zone.")


@dataclass(frozen=True, slots=True)
class RoomBooking:
    """A session that takes a room. Instants are aware; `what` names it."""

    room_id: UUID
    starts_at: dt.datetime
    ends_at: dt.datetime
    what: str


@dataclass(frozen=True, slots=True)
class Override:
    """A rule that somebody has decided not to keep: for one session, or for the whole run without a session."""

    rule: str
    session_id: UUID | None
    reason: str
    actor: str


_Fact = TypeVar("_Fact", Clearance, Booking)


@dataclass(frozen=True)
class Facts:
    """What the rules need to know about a run: who, where, when.

    `facilitators` are people by id. `bookings` and `room_bookings` are other runs': the caller leaves out the run under
    review. `gates` has the minutes in and out, (report, exit), of other establishments that bookings name. `escorts`
    are the dates on which this establishment has agreed to escort someone. `memo_approved` has the ids of the
    sessions that an approved gate memo covers as they are now. `is_won` says whether the enquiry of the run is won.
    """

    establishment: Establishment
    calendar: EstablishmentCalendar
    programme: Programme
    facilitators: Mapping[UUID, Facilitator]
    clearances: tuple[Clearance, ...] = ()
    bookings: tuple[Booking, ...] = ()
    rooms: Mapping[UUID, Room] = field(default_factory=dict)
    room_bookings: tuple[RoomBooking, ...] = ()
    travel: Travel = field(default_factory=Travel)
    gates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    escorts: frozenset[tuple[UUID, dt.date]] = frozenset()
    kit_approvals: Mapping[str, KitApproval] = field(default_factory=dict)
    left_out_kit: frozenset[str] = frozenset()
    memo_approved: frozenset[UUID] = frozenset()
    overrides: tuple[Override, ...] = ()
    mode: Mode = "in_person"
    group_size: int | None = None
    is_won: bool = True

    def name_of(self, facilitator_id: UUID) -> str:
        """Give a facilitator's name, or words that do when they are not on file."""
        known = self.facilitators.get(facilitator_id)
        return known.name if known else "A facilitator not on file"

    def clearances_of(self, facilitator_id: UUID) -> tuple[Clearance, ...]:
        """Give that facilitator's clearances for this establishment."""
        return self._clearances.get(facilitator_id, ())

    def bookings_of(self, facilitator_id: UUID) -> tuple[Booking, ...]:
        """Give that facilitator's bookings."""
        return self._bookings.get(facilitator_id, ())

    def bookings_of_room(self, room_id: UUID) -> tuple[RoomBooking, ...]:
        """Give what takes that room."""
        return tuple(each for each in self.room_bookings if each.room_id == room_id)

    def is_overridden(self, rule: str, session_id: UUID | None = None) -> bool:
        """Say whether somebody has decided that this rule need not be kept there."""
        return any(
            each.rule == rule and each.session_id in {None, session_id} and rule in OVERRIDABLE
            for each in self.overrides
        )

    @cached_property
    def _clearances(self) -> dict[UUID, tuple[Clearance, ...]]:
        return _by_facilitator(each for each in self.clearances if each.establishment_id == self.establishment.id)

    @cached_property
    def _bookings(self) -> dict[UUID, tuple[Booking, ...]]:
        return _by_facilitator(self.bookings)


def _by_facilitator(facts: Iterable[_Fact]) -> dict[UUID, tuple[_Fact, ...]]:
    grouped: dict[UUID, list[_Fact]] = {}
    for each in facts:
        grouped.setdefault(each.facilitator_id, []).append(each)
    return {person: tuple(theirs) for person, theirs in grouped.items()}
