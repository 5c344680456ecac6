"""A scheduling database as its migrations make it, on either server, and two prisons that want the same pair."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import URL, make_url

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.commands import PlanRun
from services.scheduling.domain.establishments import Establishment
from services.scheduling.handlers import holds, people, places, planning, programmes
from services.scheduling.tables import (
    bookings,
    establishments,
    messaging,
    metadata,
    regime_windows,
    rooms,
    runs,
    sessions,
)
from services.scheduling.tables import holds as holds_table
from shared.clock import fixed_clock
from shared.contracts.base import contract_for
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.migrations import migrate
from shared.persistence.work import Store, new_id

MONDAY_14_DECEMBER = datetime(2026, 12, 14, 10, 0, tzinfo=UTC)
SINCE = date(2000, 1, 1)

FEATHERSTONE = Establishment("FSI", "Featherstone (HMP)", active=True, nation="england", town="Wolverhampton")
OAKWOOD = Establishment("OWI", "Oakwood (HMP)", active=True, nation="england", town="Wolverhampton")
BULLINGDON = Establishment("BNI", "Bullingdon (HMP & YOI)", active=True, nation="england", town="Bicester")
DEGREES = {"FSI": (52.6508, -2.1097), "OWI": (52.6489, -2.1149), "BNI": (51.8581, -1.0947)}
"""Of Featherstone and Oakwood: 0.4 km apart."""
AM, PM = (time(8, 30), time(11, 30)), (time(13, 45), time(16, 30))
"""The afternoon holds 165 minutes: no three hours."""


def new_database(kind: str, folder: Path, request: pytest.FixtureRequest, pool_size: int = 12) -> Database:
    """Make an empty, migrated database: what the migrations forbid by constraints and triggers is forbidden."""
    if kind == "sqlite":
        url = URL.create("sqlite", database=str(folder / "scheduling.sqlite3"))
    else:
        address = request.getfixturevalue("postgres").new_database("scheduling")
        url = make_url(address).set(drivername="postgresql+psycopg")
    migrate("scheduling", url)
    return Database(url, pool_size=pool_size)


def emptied(database: Database, now: datetime = MONDAY_14_DECEMBER) -> Store:
    """Give a store with the catalogue, three prisons and nothing else, whose clock stands still."""
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    store = Store(database, messaging, fixed_clock(now), "scheduling")
    with store.work() as work:
        programmes.load_catalogue(work)
        for place in (FEATHERSTONE, OAKWOOD, BULLINGDON):
            places.save_establishment(work, place)
            north, east = DEGREES[place.id]
            here = update(establishments).where(establishments.c.id == place.id)
            work.connection.execute(here.values(latitude=north, longitude=east))
            work.connection.execute(insert(regime_windows), [_window(place.id, day, name) for day, name in _WEEK])
    with store.work() as work:
        work.connection.execute(delete(messaging.outbox))
    return store


_WEEK = [(day, name) for day in range(5) for name in ("am", "pm")]


def _window(place: str, weekday: int, name: str) -> dict[str, Any]:
    start, end = AM if name == "am" else PM
    return {
        "establishment_id": place,
        "weekday": weekday,
        "name": name,
        "valid_from": SINCE,
        "start": start,
        "end": end,
    }


def at(store: Store, now: datetime) -> Store:
    """Give the same store at another time."""
    return replace(store, clock=fixed_clock(now))


def facilitator(store: Store, name: str, *where: str) -> UUID:
    """Put someone on file who is cleared for some places, for years."""
    with store.work() as work:
        person = people.add_facilitator(work, name, f"{name.lower()}@facilitators.example")
        for place in where or ("FSI", "OWI", "BNI"):
            people.grant_clearance(work, Clearance(person, place, "standard", date(2026, 1, 1), date(2030, 12, 31)))
    return person


def pair(store: Store) -> tuple[UUID, UUID]:
    """Put Tom and Ana on file."""
    return facilitator(store, "Tom"), facilitator(store, "Ana")


def room(store: Store, place: str) -> UUID:
    """Put a room on file."""
    found = new_id()
    with store.work() as work:
        row = {"id": found, "establishment_id": place, "name": f"Room {found.hex[-6:]}", "capacity": 20, "active": True}
        work.connection.execute(rooms.insert(), row)
    return found


def won(reference: str, place: str) -> dict[str, Any]:
    """Give a won enquiry as the enquiries service tells of it."""
    return {
        "reference": reference,
        "programme": "many-faces-of-trauma",
        "establishment_id": place,
        "establishment": place,
        "group_size": 10,
        "stage": "won",
    }


def draft(
    store: Store,
    reference: str,
    place: str,
    team: tuple[UUID, ...],
    *,
    start: date = date(2027, 3, 2),
    weekday: str = "tue",
    window: str | None = "am",
    **more: Any,
) -> UUID:
    """Plan sixteen weeks, on Tuesday mornings from 2 March 2027 unless it is said otherwise."""
    plan = PlanRun(start, weekday, window, team, **more)
    with store.work() as work:
        return planning.plan_run(work, won(reference, place), plan)


def place(store: Store, run: UUID, days: int = 10) -> UUID:
    """Place a hold."""
    with store.work() as work:
        return holds.place_hold(work, run, days=days, actor="priya")


def release(store: Store, hold: UUID) -> None:
    """Let go of a hold."""
    with store.work() as work:
        holds.release_hold(work, hold)


def confirm(store: Store, run: UUID, reference: str = "KT-ANY", place: str = "FSI") -> None:
    """Confirm a run whose enquiry is won."""
    with store.work() as work:
        planning.confirm_run(work, run, won(reference, place), actor="priya")


def hold_row(store: Store, hold: UUID) -> Any:
    """Give a hold's row."""
    with store.database.reading() as connection:
        return connection.execute(select(holds_table).where(holds_table.c.id == hold)).one()


def state_of(store: Store, run: UUID) -> str:
    """Give the state of a run."""
    with store.database.reading() as connection:
        return str(connection.scalar(select(runs.c.state).where(runs.c.id == run)))


def booked(store: Store, run: UUID) -> int:
    """Count the bookings of a run."""
    query = select(bookings.c.id).join(sessions, sessions.c.id == bookings.c.session_id).where(sessions.c.run_id == run)
    with store.database.reading() as connection:
        return len(connection.execute(query).all())


def told(store: Store) -> list[Any]:
    """Give the events that were recorded, in order, each with its envelope's sequence."""
    with store.database.reading() as connection:
        raw = connection.scalars(select(messaging.outbox.c.envelope).order_by(messaging.outbox.c.seq)).all()
    envelopes = [Envelope.from_json(each) for each in raw]
    return [(contract_for(each.type).load(each.data), each.sequence) for each in envelopes]


def jobs(store: Store) -> list[tuple[str, str, datetime]]:
    """Give the jobs that wait: kind, subject, when."""
    table = messaging.jobs.c
    with store.database.reading() as connection:
        rows = connection.execute(select(table.kind, table.subject, table.due_at).order_by(table.due_at, table.kind))
        return [(row.kind, row.subject, row.due_at) for row in rows]
