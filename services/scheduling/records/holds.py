"""How holds lie in the tables, and which of them want the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.sql.expression import ColumnElement

from services.scheduling.domain.facts import Booking, Facts, RoomBooking
from services.scheduling.domain.holds import Clash, Hold, as_bookings, clashes_of
from services.scheduling.domain.runs import NOT_HELD, Run
from services.scheduling.records.facts import facts_about
from services.scheduling.records.ids import known_id
from services.scheduling.records.places import load_establishment, load_gates, load_travel
from services.scheduling.records.runs import load_programme, load_run
from services.scheduling.tables import assignments, holds, sessions
from shared.errors import Refused
from shared.persistence.types import AnyRow

IS_ACTIVE = holds.c.state == "active"


def load_hold(connection: Connection, hold_id: UUID) -> Hold:
    """Load a hold. Raises `Refused("not_found")`."""
    found = _holds(connection, holds.c.id == hold_id)
    if not found:
        raise Refused("not_found", f"There is no hold {hold_id}. `keytalk holds list` shows them.")
    return found[0]


def hold_of_run(connection: Connection, run_id: UUID) -> Hold | None:
    """Load the hold that a run has now, or None."""
    return next(iter(_holds(connection, IS_ACTIVE, holds.c.run_id == run_id)), None)


def holds_of_runs(connection: Connection, run_ids: Collection[UUID]) -> dict[UUID, Hold]:
    """Load the holds that some runs have now, by run."""
    return {each.run_id: each for each in _holds(connection, IS_ACTIVE, holds.c.run_id.in_(run_ids))}


def waiting_holds(connection: Connection) -> list[Hold]:
    """Load the holds that wait in line, the one placed first first."""
    return _holds(connection, IS_ACTIVE, holds.c.rank > 1)


def _holds(connection: Connection, *chosen: ColumnElement[bool]) -> list[Hold]:
    rows = connection.execute(select(holds).where(*chosen).order_by(holds.c.placed_at, holds.c.id))
    return [hold_in(row) for row in rows]


def hold_in(row: AnyRow) -> Hold:
    """Give the hold of a row."""
    return Hold(**row._mapping)


def add_hold(connection: Connection, hold: Hold) -> None:
    """Save a new hold."""
    connection.execute(holds.insert(), asdict(hold))


def save_hold(connection: Connection, hold: Hold) -> None:
    """Save a hold that was changed. Its run is locked by whoever changes it."""
    connection.execute(update(holds).where(holds.c.id == hold.id).values(asdict(hold)))


def load_clashes(connection: Connection, run: Run) -> tuple[Clash, ...]:
    """Load what is in the way of a run: time that is taken, and time that other holds wait for."""
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    facts = facts_about(connection, run, establishment, programme)
    return clashes_of(run, _with_those_who_wait(connection, run, facts))


def _with_those_who_wait(connection: Connection, run: Run, facts: Facts) -> Facts:
    """Give the facts as if those who wait in line for some of the same people or rooms had their time already."""
    people: list[Booking] = list(facts.bookings)
    rooms: list[RoomBooking] = list(facts.room_bookings)
    for other in (load_run(connection, run_id) for run_id in sorted(rivals_who_wait(connection, run))):
        theirs, their_rooms = as_bookings(other, load_establishment(connection, other.establishment_id).name)
        people += theirs
        rooms += their_rooms
    places = {facts.establishment.id, *(each.establishment_id for each in people)}
    return replace(
        facts,
        bookings=tuple(people),
        room_bookings=tuple(rooms),
        travel=load_travel(connection, places, facts.facilitators),
        gates=load_gates(connection, places),
    )


def rivals_who_wait(connection: Connection, run: Run) -> set[UUID]:
    """Give the runs in line that want one of this run's people or rooms on one of its dates."""
    dates = {session.date for session in run.live}
    persons = {person for session in run.live for person in session.facilitator_ids}
    rooms = {session.room_id for session in run.live if session.room_id is not None}
    waiting = (
        select(sessions.c.run_id)
        .join_from(holds, sessions, sessions.c.run_id == holds.c.run_id)
        .outerjoin(assignments, assignments.c.session_id == sessions.c.id)
        .where(IS_ACTIVE, holds.c.rank > 1, holds.c.run_id != run.id)
        .where(sessions.c.date.in_(dates), sessions.c.state.not_in(NOT_HELD))
        .where(assignments.c.facilitator_id.in_(persons) | sessions.c.room_id.in_(rooms))
        .distinct()
    )
    return set(connection.scalars(waiting))


def runs_with_rivals(connection: Connection) -> set[UUID]:
    """Give, of all runs that a hold has the time for, those with rivals who wait, as `rivals_who_wait` has them."""
    wanted = list(_taken_by_holds(connection, holds.c.rank > 1))
    if not wanted:
        return set()
    dates, taken = defaultdict[UUID, set[Any]](set), defaultdict[UUID, set[Any]](set)
    for run_id, on, person, room_id in _taken_by_holds(connection, holds.c.rank == 1):
        dates[run_id].add(on)
        taken[run_id] |= {person, room_id} - {None}
    return {
        run_id
        for run_id, theirs in taken.items()
        if any(on in dates[run_id] and not theirs.isdisjoint((person, room_id)) for _, on, person, room_id in wanted)
    }


def _taken_by_holds(connection: Connection, which: ColumnElement[bool]) -> Iterable[AnyRow]:
    """Select what some holds take or want: the run, and of each session the date, somebody who leads it, the room."""
    query = (
        select(known_id(sessions.c.run_id), sessions.c.date)
        .add_columns(known_id(assignments.c.facilitator_id), known_id(sessions.c.room_id))
        .join_from(holds, sessions, sessions.c.run_id == holds.c.run_id)
        .outerjoin(assignments, assignments.c.session_id == sessions.c.id)
        .where(IS_ACTIVE, which, sessions.c.state.not_in(NOT_HELD))
    )
    return connection.execute(query)
