"""What the rules ask about: who, where, when, as plain values. Nothing here reads a database."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.calendar import EstablishmentCalendar, Regime
from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment, KitApproval, Room
from services.scheduling.domain.facilitators import Facilitator
from services.scheduling.domain.programmes import Mode, Programme
from services.scheduling.domain.runs import Breach, Session
from services.scheduling.domain.travel import Travel

USUAL_GATE: Final = (60, 30)
"""Minutes to report at a gate before a session, and to get out after it, where an establishment has not said.

The hour is for the gate (foppweb.co.uk, getting into the prison); both are this project's defaults.
"""

OVERRIDABLE: frozenset[str] = frozenset({"H1", "H2", "H9", "H12"})
"""The rules that somebody may decide not to keep, by name and with a reason."""

NEVER_OVERRIDDEN: frozenset[str] = frozenset({"group_is_not_too_large"})
"""Names of rules under an overridable code that stand all the same: of H9 only the smallest group can be waived."""

_LONDON = ZoneInfo("Europe/London")
_REACH: Final = 1
"""How many days before and after a session a booking may still be in its way: gates and a journey of a whole day."""


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
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A rule that somebody has decided not to keep: for one session, or for the whole run without a session."""

    rule: str
    session_id: UUID | None
    reason: str
    actor: str
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """When the prison would like to meet: a weekday (0 is Monday), a part of the day. None where it did not say."""

    weekday: int | None = None
    window: str | None = None


_Fact = TypeVar("_Fact", Clearance, Booking)


@dataclass(frozen=True)
class Facts:
    """What the rules need to know about a run: who, where, when.

    `facilitators` are people by id. `bookings` and `room_bookings` are other runs': the caller leaves out the run under
    review. `gates` has the minutes in and out, (report, exit), of other establishments that bookings name. `escorts`
    are the dates on which this establishment has agreed to escort someone. `memo_approved` has the ids of the
    sessions that an approved gate memo covers as they are now. `is_won` says whether the enquiry of the run is won, and
    `wish` when it asked to meet.
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
    wish: Wish = Wish()

    @property
    def is_remote(self) -> bool:
        """Say whether people meet on screens: nobody goes through a gate."""
        return self.mode == "remote"

    @property
    def open_calendar(self) -> EstablishmentCalendar:
        """Give the calendar that dates are made from: a remote run keeps bank holidays, and no prison's closures."""
        if not self.is_remote:
            return self.calendar
        return replace(self.calendar, regime=Regime({}), timetables=(), blackouts=())

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

    def bookings_about(self, facilitator_id: UUID, on: dt.date) -> tuple[Booking, ...]:
        """Give that facilitator's bookings that could be in the way of a session on that date, earliest first."""
        return self._bookings_about.get(facilitator_id, {}).get(on, ())

    def bookings_on(self, facilitator_id: UUID, on: dt.date) -> tuple[Booking, ...]:
        """Give that facilitator's bookings that begin on that date, earliest first."""
        return self._bookings_by_day.get(facilitator_id, {}).get(on, ())

    def prison_sessions_in(self, facilitator_id: UUID, monday: dt.date) -> int:
        """Count that facilitator's bookings inside prisons in the week that begins with a Monday."""
        return self._prison_weeks.get((facilitator_id, monday), 0)

    def load_of(self, facilitator_id: UUID) -> int:
        """Count all of that facilitator's bookings among these facts."""
        return len(self.bookings_of(facilitator_id))

    @cached_property
    def mean_load(self) -> float:
        """How many bookings the active facilitators among these facts have on average."""
        active = [each.id for each in self.facilitators.values() if each.state == "active"]
        return sum(map(self.load_of, active)) / len(active) if active else 0.0

    def gate_of(self, establishment_id: str) -> tuple[int, int]:
        """Give the minutes that a gate takes: (to report before a session, to get out after it)."""
        if establishment_id == self.establishment.id:
            return self.establishment.report_minutes, self.establishment.exit_minutes
        return self.gates.get(establishment_id, USUAL_GATE)

    def bookings_of_room(self, room_id: UUID) -> tuple[RoomBooking, ...]:
        """Give what takes that room."""
        return tuple(each for each in self.room_bookings if each.room_id == room_id)

    def is_overridden(self, rule: str, session_id: UUID | None = None) -> bool:
        """Say whether somebody has decided that this rule need not be kept there."""
        return any(
            each.rule == rule and each.session_id in {None, session_id} and rule in OVERRIDABLE
            for each in self.overrides
        )

    def override_of(self, breach: Breach, session: Session | None = None) -> Override | None:
        """Give the decision by which a breach may stand, if somebody has taken one."""
        if breach.rule not in OVERRIDABLE or breach.name in NEVER_OVERRIDDEN:
            return None
        of = {None, session.id if session else None}
        return next((each for each in self.overrides if each.rule == breach.rule and each.session_id in of), None)

    @cached_property
    def gaps(self) -> dict[tuple[str, bool], tuple[dt.timedelta, dt.timedelta]]:
        """The times needed before and after bookings elsewhere, as far as they were worked out: see `rules.places`."""
        return {}

    @cached_property
    def _clearances(self) -> dict[UUID, tuple[Clearance, ...]]:
        return _by_facilitator(each for each in self.clearances if each.establishment_id == self.establishment.id)

    @cached_property
    def _bookings_by_day(self) -> dict[UUID, dict[dt.date, tuple[Booking, ...]]]:
        by_day: dict[UUID, dict[dt.date, list[Booking]]] = {}
        for each in sorted(self.bookings, key=lambda booking: booking.starts_at):
            day = each.starts_at.astimezone(_LONDON).date()
            by_day.setdefault(each.facilitator_id, {}).setdefault(day, []).append(each)
        return {who: {day: tuple(those) for day, those in days.items()} for who, days in by_day.items()}

    @cached_property
    def _bookings_about(self) -> dict[UUID, dict[dt.date, tuple[Booking, ...]]]:
        about: dict[UUID, dict[dt.date, list[Booking]]] = {}
        for who, days in self._bookings_by_day.items():
            mine = about.setdefault(who, {})
            for day, those in sorted(days.items()):
                for ordinal in _days_about(day):
                    mine.setdefault(dt.date.fromordinal(ordinal), []).extend(those)
        return {who: {day: tuple(those) for day, those in days.items()} for who, days in about.items()}

    @cached_property
    def _prison_weeks(self) -> Counter[tuple[UUID, dt.date]]:
        return Counter(
            (who, day - dt.timedelta(days=day.weekday()))
            for who, days in self._bookings_by_day.items()
            for day, those in days.items()
            for each in those
            if each.in_prison
        )

    @cached_property
    def _bookings(self) -> dict[UUID, tuple[Booking, ...]]:
        return _by_facilitator(self.bookings)


def _days_about(on: dt.date) -> range:
    day = on.toordinal()
    return range(max(1, day - _REACH), min(dt.date.max.toordinal(), day + _REACH) + 1)


def _by_facilitator(facts: Iterable[_Fact]) -> dict[UUID, tuple[_Fact, ...]]:
    grouped: dict[UUID, list[_Fact]] = {}
    for each in facts:
        grouped.setdefault(each.facilitator_id, []).append(each)
    return {person: tuple(theirs) for person, theirs in grouped.items()}
