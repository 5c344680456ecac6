"""Runs at Risley, Styal and Bullingdon that stand, for the tests of what changes them; on either database."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.runs import Run
from services.scheduling.handlers import people, places
from services.scheduling.records import load_run
from services.scheduling.tables import enquiries, regime_windows
from shared.persistence.database import Database
from shared.persistence.work import Store
from tests.unit.services.scheduling import hold_cast
from tests.unit.services.scheduling.hold_cast import at, booked, new_database, told

__all__ = ["at", "booked", "new_database", "told"]

FIRST_OF_DECEMBER = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
NINTH_OF_MARCH = dt.datetime(2027, 3, 9, 8, 20, tzinfo=dt.UTC)

RISLEY = Establishment("RSI", "Risley (HMP)", active=True, nation="england", town="Warrington")
STYAL = Establishment("STI", "Styal (HMP)", active=True, nation="england", town="Wilmslow")
WINDOWS = {"am": (dt.time(8, 30), dt.time(11, 45)), "pm": (dt.time(13, 45), dt.time(16, 45))}

TUESDAYS = (
    *("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16", "2027-02-23", "2027-03-02"),
    *("2027-03-09", "2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20", "2027-04-27"),
)
CASCADED = (*TUESDAYS[:8], *TUESDAYS[9:], "2027-05-04")


def emptied(database: Database) -> Store:
    """Give a store with the catalogue and the prisons, early in December 2026."""
    store = hold_cast.emptied(database, FIRST_OF_DECEMBER)
    with store.work() as work:
        for place in (RISLEY, STYAL):
            places.save_establishment(work, place)
            rows = [
                {"establishment_id": place.id, "weekday": day, "name": name, "valid_from": dt.date(2000, 1, 1)}
                | {"start": start, "end": end}
                for day in range(5)
                for name, (start, end) in WINDOWS.items()
            ]
            work.connection.execute(insert(regime_windows), rows)
    return store


def person(store: Store, name: str) -> UUID:
    """Put someone on file who may go in to Risley, Styal and Bullingdon, and lead acupuncture, for years."""
    return hold_cast.facilitator(store, name, "RSI", "STI", "BNI")


def run(store: Store, team: tuple[UUID, ...], place: str = "RSI", reference: str = "KT-7F3K-92", **plan: Any) -> UUID:
    """Plan sixteen Tuesday afternoons from 12 January 2027, unless it is said otherwise."""
    known = {"reference": reference, "programme": "many-faces-of-trauma", "stage": "won", "version": 6}
    with store.work() as work:
        work.connection.execute(insert(enquiries), known)
    asked: dict[str, Any] = {"start": dt.date(2027, 1, 12), "weekday": "tue", "window": "pm", **plan}
    return hold_cast.draft(store, reference, place, team, **asked)


def confirmed(
    store: Store, team: tuple[UUID, ...], place: str = "RSI", reference: str = "KT-7F3K-92", **plan: Any
) -> UUID:
    """Have such a run confirmed."""
    made = run(store, team, place, reference, **plan)
    hold_cast.confirm(store, made, reference, place)
    return made


def ends(store: Store, person_id: UUID, on: dt.date, place: str = "RSI") -> None:
    """Have a decision letter say that somebody's access ends sooner."""
    with store.work() as work:
        people.grant_clearance(work, Clearance(person_id, place, "standard", dt.date(2026, 1, 1), on))


def loaded(store: Store, run_id: UUID) -> Run:
    """Give a run as it is stored."""
    with store.database.reading() as connection:
        return load_run(connection, run_id)


def dates(store: Store, run_id: UUID) -> tuple[str, ...]:
    """Give the dates of the sessions that stand, by number."""
    return tuple(each.date.isoformat() for each in loaded(store, run_id).live)


def session(store: Store, run_id: UUID, number: int) -> UUID:
    """Give the id of the session that stands under a number."""
    return next(each.id for each in loaded(store, run_id).live if each.number == number)


def rows(store: Store, table: Any) -> list[Any]:
    """Give all rows of a table."""
    with store.database.reading() as connection:
        return list(connection.execute(select(table)))


def becomes(store: Store, table: Any, **values: Any) -> None:
    """Set something in all rows of a table."""
    with store.work() as work:
        work.connection.execute(update(table).values(values))
