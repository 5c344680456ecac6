"""Loading what the rules ask about many runs at once: one query a kind, however many runs there are.

`records.facts` loads the same for one run. A calendar shows hundreds, and a dozen queries for each would take seconds.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, tuple_

from services.scheduling.domain.calendar import Blackout, EstablishmentCalendar, Regime, Timetable
from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment, Room
from services.scheduling.domain.facilitators import Facilitator
from services.scheduling.domain.facts import Booking, Facts, Override, RoomBooking
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Session
from services.scheduling.domain.travel import Travel
from services.scheduling.domain.words import in_words
from services.scheduling.records.ids import known_id, with_known_ids
from services.scheduling.records.people import clearance_in, load_facilitators
from services.scheduling.records.places import establishment_in, load_travel, timetables_in
from services.scheduling.records.runs import programme_in
from services.scheduling.tables import (
    blackouts,
    bookings,
    clearances,
    escorts,
    establishments,
    overrides,
    programmes,
    regime_windows,
    rooms,
    runs,
    sessions,
)
from shared.holidays import bank_holidays_in
from shared.persistence.types import AnyRow

_A_DAY = dt.timedelta(days=1)

Between = tuple[dt.date, dt.date]
Person = UUID
Taken = Mapping[Person, dict[dt.date, list[Booking]]]
"""Whose time is taken, by the date of the session."""


@dataclass(frozen=True)
class Together:
    """What the rules ask about some runs, each by what it is found by. `facts_of` puts together what one run needs."""

    establishments: Mapping[str, Establishment]
    programmes: Mapping[tuple[str, int], Programme]
    facilitators: Mapping[Person, Facilitator]
    clearances: Mapping[tuple[Person, str], tuple[Clearance, ...]]
    escorts: Mapping[str, frozenset[tuple[Person, dt.date]]]
    timetables: Mapping[str, tuple[Timetable, ...]] = field(default_factory=dict)
    blackouts: Mapping[str, tuple[Blackout, ...]] = field(default_factory=dict)
    rooms: Mapping[str, dict[UUID, Room]] = field(default_factory=dict)
    overrides: Mapping[UUID, tuple[Override, ...]] = field(default_factory=dict)
    bookings: Taken = field(default_factory=dict)
    room_bookings: Mapping[UUID, list[RoomBooking]] = field(default_factory=dict)
    travel: Travel = field(default_factory=Travel)
    _calendars: dict[str, EstablishmentCalendar] = field(default_factory=dict, init=False)

    def facts_of(self, run: AnyRow, those: Iterable[Session]) -> Facts:
        """Give what the rules ask about some sessions of a run; other runs' bookings as far as they could matter."""
        of_run = tuple(those)
        place = self.establishments[run.establishment_id]
        people = {person for session in of_run for person in session.facilitator_ids}
        about = {session.date + _A_DAY * days for session in of_run for days in (-1, 0, 1)}
        taken_rooms = {session.room_id for session in of_run if session.room_id is not None}
        return Facts(
            establishment=place,
            calendar=self.calendar_of(place),
            programme=self.programmes[run.programme, run.programme_version],
            facilitators=self.facilitators,
            clearances=tuple(each for person in people for each in self.clearances.get((person, place.id), ())),
            bookings=tuple(
                each
                for days in (self.bookings.get(person, {}) for person in people)
                for day in about
                for each in days.get(day, ())
                if each.run_id != run.id
            ),
            rooms=self.rooms.get(place.id, {}),
            room_bookings=tuple(
                each for room in taken_rooms for each in self.room_bookings.get(room, ()) if each.run_id != run.id
            ),
            travel=self.travel,
            gates=self._gates,
            escorts=self.escorts.get(place.id, frozenset()),
            overrides=self.overrides.get(run.id, ()),
            mode=run.mode,
            group_size=run.group_size,
        )

    def calendar_of(self, place: Establishment) -> EstablishmentCalendar:
        """Give when a place is open."""
        if place.id not in self._calendars:
            self._calendars[place.id] = EstablishmentCalendar(
                regime=Regime({}),
                timetables=self.timetables.get(place.id, ()),
                blackouts=self.blackouts.get(place.id, ()),
                bank_holidays=bank_holidays_in(place.nation),
            )
        return self._calendars[place.id]

    @cached_property
    def _gates(self) -> dict[str, tuple[int, int]]:
        return {each.id: (each.report_minutes, each.exit_minutes) for each in self.establishments.values()}


def load_together(
    connection: Connection,
    by_run: Mapping[UUID, Collection[Session]],
    of_runs: Mapping[UUID, AnyRow],
    *,
    who_only: bool = False,
) -> Together:
    """Load what the rules ask about sessions of many runs; `of_runs` has the rows of these.

    With `who_only`, there is only what is asked about who leads them and may come in (H3 to H5, H7).
    """
    asked = [(of_runs[run_id].establishment_id, session) for run_id, those in by_run.items() for session in those]
    dates = [session.date for _, session in asked] or [dt.date.max]
    between = min(dates), max(dates)
    people_at = {(person, place) for place, session in asked for person in session.facilitator_ids}
    people, places = {person for person, _ in people_at}, {place for place, _ in asked}
    known = {row.id: establishment_in(row) for row in connection.execute(select(establishments))}
    together = Together(
        establishments=known,
        programmes={(row.slug, row.version): programme_in(row) for row in connection.execute(select(programmes))},
        facilitators=load_facilitators(connection, people, between),
        clearances=_clearances(connection, people_at),
        escorts=_escorts(connection, places, between),
    )
    if who_only:
        return together
    found = _bookings(connection, people, known, between)
    in_rooms = {session.room_id for _, session in asked if session.room_id is not None}
    others = {each.establishment_id for days in found.values() for several in days.values() for each in several}
    return replace(
        together,
        timetables=_timetables(connection, {(place, session.date.weekday()) for place, session in asked}),
        blackouts=_blackouts(connection, places),
        rooms=_rooms(connection, in_rooms),
        overrides=_overrides(connection, by_run),
        bookings=found,
        room_bookings=_room_bookings(connection, in_rooms, between),
        travel=load_travel(connection, places | others, people),
    )


def _timetables(connection: Connection, days: Collection[tuple[str, int]]) -> dict[str, tuple[Timetable, ...]]:
    """Load the timetables of the weekdays that are asked for: a place with a run on Tuesdays is read for Tuesdays."""
    table = regime_windows.c
    query = select(regime_windows).where(table.establishment_id.in_({place for place, _ in days}))
    rows = connection.execute(query.order_by(table.establishment_id, table.weekday, table.valid_from))
    asked = (row for row in rows if (row[0], row[1]) in days)
    return {place: timetables_in(those) for place, those in groupby(asked, key=lambda row: row[0])}


def _blackouts(connection: Connection, places: Collection[str]) -> dict[str, tuple[Blackout, ...]]:
    table = blackouts.c
    query = select(table.establishment_id, table.first, table.last, table.why, table.yearly)
    rows = connection.execute(query.where(table.establishment_id.in_(places)).order_by(table.first, table.id))
    return _grouped((place, Blackout(first, last, why, yearly=yearly)) for place, first, last, why, yearly in rows)


def _clearances(
    connection: Connection, people_at: Collection[tuple[Person, str]]
) -> dict[tuple[Person, str], tuple[Clearance, ...]]:
    if not people_at:
        return {}
    here = tuple_(clearances.c.facilitator_id, clearances.c.establishment_id).in_(list(people_at))
    rows = connection.execute(select(*with_known_ids(clearances)).where(here))
    return _grouped(((row.facilitator_id, row.establishment_id), clearance_in(row)) for row in rows)


def _rooms(connection: Connection, ids: Collection[UUID]) -> dict[str, dict[UUID, Room]]:
    found: dict[str, dict[UUID, Room]] = defaultdict(dict)
    for row in connection.execute(select(rooms).where(rooms.c.id.in_(ids))) if ids else ():
        found[row.establishment_id][row.id] = Room(row.id, row.establishment_id, row.name, row.capacity, row.active)
    return found


def _escorts(
    connection: Connection, places: Collection[str], between: Between
) -> dict[str, frozenset[tuple[Person, dt.date]]]:
    table = escorts.c
    query = select(table.establishment_id, table.facilitator_id, table.date)
    rows = connection.execute(query.where(table.establishment_id.in_(places), table.date.between(*between)))
    return {place: frozenset(those) for place, those in _grouped((place, (who, on)) for place, who, on in rows).items()}


def _overrides(connection: Connection, run_ids: Collection[UUID]) -> dict[UUID, tuple[Override, ...]]:
    query = select(overrides).where(overrides.c.run_id.in_(list(run_ids))).order_by(overrides.c.at, overrides.c.id)
    return _grouped(
        (row.run_id, Override(row.rule, row.session_id, row.reason, row.actor, row.id))
        for row in connection.execute(query)
    )


def _bookings(
    connection: Connection, people: Collection[Person], known: Mapping[str, Establishment], between: Between
) -> Taken:
    table = bookings.c
    query = (
        select(
            *(known_id(table.facilitator_id), table.starts_at, table.ends_at, sessions.c.date),
            *(known_id(runs.c.id), runs.c.establishment_id, runs.c.mode),
        )
        .join_from(bookings, sessions, sessions.c.id == table.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .where(table.facilitator_id.in_(people), *_about(between))
    )
    found: dict[Person, dict[dt.date, list[Booking]]] = {}
    for who, starts, ends, on, run_id, place, mode in connection.execute(query):
        what = f"a session at {known[place].name} on {in_words(on)}"
        taken = Booking(who, place, starts, ends, what, run_id, mode == "in_person")
        found.setdefault(who, {}).setdefault(on, []).append(taken)
    return found


def _room_bookings(connection: Connection, ids: Collection[UUID], between: Between) -> dict[UUID, list[RoomBooking]]:
    table = bookings.c
    query = (
        select(table.room_id, table.starts_at, table.ends_at, sessions.c.date, sessions.c.run_id)
        .join_from(bookings, sessions, sessions.c.id == table.session_id)
        .where(table.room_id.in_(ids), *_about(between))
    )
    found: dict[UUID, list[RoomBooking]] = {}
    for room, starts, ends, on, run_id in connection.execute(query) if ids else ():
        taken = RoomBooking(room, starts, ends, f"another session on {in_words(on)}", run_id)
        found.setdefault(room, []).append(taken)
    return found


def _about(between: Between) -> tuple[Any, Any]:
    """Match what begins a day before to a day after two dates, by the instants that the index knows."""
    first, last = (dt.datetime.combine(on, dt.time(), dt.UTC) for on in between)
    return bookings.c.starts_at >= first - 2 * _A_DAY, bookings.c.starts_at < last + 3 * _A_DAY


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, tuple[Any, ...]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(those) for key, those in found.items()}
