"""A confirmed run at Risley, on either database, for the tests of papers and of what became of sessions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.engine import URL, make_url

from services.scheduling.domain.programmes import MANY_FACES
from services.scheduling.domain.runs import Run, Session, Slot
from services.scheduling.records import book, load_run, save_draft, save_run
from services.scheduling.records.runs import programme_row
from services.scheduling.tables import (
    clearances,
    enquiries,
    establishments,
    facilitators,
    messaging,
    metadata,
    programmes,
)
from shared.clock import fixed_clock, parse_moment
from shared.contracts.base import contract_for
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.work import Store, UnitOfWork

TOM, ANA, LEE = UUID(int=1), UUID(int=2), UUID(int=3)
RUN, ENQUIRY = UUID(int=900), "KT-7F3K-92"
NEEDLES, BOOKS, ITEMS = "acupuncture needles", "personal workbooks", "sensory and grounding items"

# From a calendar: sixteen Tuesdays from 12 January to 27 April 2027.
TUESDAYS = [
    *("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16", "2027-02-23", "2027-03-02"),
    *("2027-03-09", "2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20", "2027-04-27"),
]


def session_id(number: int) -> UUID:
    return UUID(int=1000 + number)


def new_database(kind: str, folder: Any, request: Any) -> Database:
    if kind == "sqlite":
        url = URL.create("sqlite", database=str(folder / "scheduling.sqlite3"))
    else:
        address = request.getfixturevalue("postgres").new_database("papers")
        url = make_url(address).set(drivername="postgresql+psycopg")
    database = Database(url, pool_size=4)
    metadata.create_all(database.engine)
    return database


def furnished(database: Database) -> Store:
    """Give a store with Risley, three facilitators and a confirmed run of sixteen Tuesdays led by Tom and Ana."""
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    store = Store(database, messaging, fixed_clock(parse_moment("2026-12-01T09:00")), "scheduling")
    with store.work() as work:
        _people_and_places(work)
        add_run(work)
    return store


def _people_and_places(work: UnitOfWork) -> None:
    for place, name, nation in (("RSI", "Risley (HMP)", "england"), ("STI", "Styal (HMP & YOI)", "england")):
        row = {"id": place, "name": name, "town": "Town", "nation": nation, "active": True}
        work.connection.execute(establishments.insert(), {**row, "required_level": "standard", "version": 1})
    for person, name, vehicle in ((TOM, "Tom Okafor", None), (ANA, "Ana Reyes", "AB12 CDE"), (LEE, "Lee Marsh", None)):
        row = {"id": person, "name": name, "email": f"{person.int}@facilitators.example", "added_at": work.now}
        work.connection.execute(facilitators.insert(), {**row, "vehicle": vehicle})
    for person, keys in ((TOM, None), (ANA, dt.date(2027, 3, 19))):
        dates = {"valid_from": dt.date(2026, 1, 1), "valid_until": dt.date(2027, 12, 31), "keys_until": keys}
        row = {"id": work.new_id(), "facilitator_id": person, "establishment_id": "RSI", "level": "standard"}
        work.connection.execute(clearances.insert(), {**row, **dates})
    work.connection.execute(programmes.insert(), programme_row(MANY_FACES))


def add_run(
    work: UnitOfWork, run_id: UUID = RUN, place: str = "RSI", enquiry: str = ENQUIRY, offset: int = 0, **more: Any
) -> Run:
    """Put a confirmed run of sixteen Tuesdays in; `offset` tells its sessions' ids, and shifts its hours."""
    start, end = (dt.time(13, 45), dt.time(16, 45)) if not offset else (dt.time(8, 30), dt.time(11, 30))
    team = (TOM, ANA)
    asked = {"reference": enquiry, "programme": MANY_FACES.slug, "stage": "won", "version": 1}
    work.connection.execute(enquiries.insert(), asked)
    those = tuple(
        Session(session_id(number + offset), number, dt.date.fromisoformat(on), start, end, facilitator_ids=team)
        for number, on in enumerate(TUESDAYS, start=1)
    )
    run = Run(run_id, enquiry, place, MANY_FACES.slug, "confirmed", team, those, slot=Slot(those[0].date), **more)
    save_draft(work.connection, run, work.now)
    book(work.connection, run)
    return run


def at(store: Store, moment: str) -> Store:
    return replace(store, clock=fixed_clock(parse_moment(moment)))


def change_session(work: UnitOfWork, number: int, **values: Any) -> Run:
    """Change one session of the run as a change of it would, and give the run as it then is."""
    run = load_run(work.connection, RUN, lock=True)
    those = tuple(replace(each, **values) if each.id == session_id(number) else each for each in run.sessions)
    changed = replace(run, sessions=those, version=run.version + 1)
    save_run(work.connection, changed, was=run)
    book(work.connection, changed)
    return changed


def change_person(work: UnitOfWork, person: UUID, **values: Any) -> None:
    work.connection.execute(update(facilitators).where(facilitators.c.id == person).values(values))


def loaded(store: Store, run_id: UUID = RUN) -> Run:
    with store.database.reading() as connection:
        return load_run(connection, run_id)


def rows(store: Store, table: Any) -> list[Any]:
    with store.database.reading() as connection:
        return list(connection.execute(select(table)))


def told(store: Store, kind: type) -> list[Any]:
    """Give the events of a kind that were recorded, in order."""
    return [event for event, _ in told_with_sequence(store, kind)]


def told_with_sequence(store: Store, kind: type) -> list[tuple[Any, int]]:
    with store.database.reading() as connection:
        raw = connection.scalars(select(messaging.outbox.c.envelope).order_by(messaging.outbox.c.seq)).all()
    heard = [(contract_for(each.type).load(each.data), each.sequence) for each in map(Envelope.from_json, raw)]
    return [(event, sequence) for event, sequence in heard if isinstance(event, kind)]
