"""A store of the enquiries service for tests, on either database, and the ways enquiries come into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import URL, make_url

from services.enquiries import queries
from services.enquiries.domain.pipeline import Stage
from services.enquiries.handlers import establishments, filing, intake
from services.enquiries.schemas import parse_enquiry
from services.enquiries.tables import enquiries, messaging, metadata
from shared.clock import fixed_clock
from shared.contracts.base import contract_for
from shared.contracts.enquiries import EnquiryReceived
from shared.contracts.scheduling import EstablishmentChanged
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.work import Store
from tests.examples import risley_enquiry


def new_database(kind: str, folder: Any, request: Any) -> Database:
    """Make an empty database with the service's tables: `kind` is sqlite (a file in `folder`) or postgres."""
    if kind == "sqlite":
        url = URL.create("sqlite", database=str(folder / "enquiries.sqlite3"))
    else:
        address = request.getfixturevalue("postgres").new_database("enquiries")
        url = make_url(address).set(drivername="postgresql+psycopg")
    database = Database(url, pool_size=8)
    metadata.create_all(database.engine)
    return database


def emptied(database: Database, now: datetime) -> Store:
    """Give a store with nothing in it whose clock stands still."""
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return Store(database, messaging, fixed_clock(now), "enquiries")


def at(store: Store, now: datetime) -> Store:
    """Give the same store at another time."""
    return replace(store, clock=fixed_clock(now))


def know_establishment(store: Store, id_: str, name: str, *, version: int = 1, **more: Any) -> None:
    """Hear of an establishment, as scheduling tells of one."""
    event = EstablishmentChanged(
        **{"id": id_, "name": name, "town": "Town", "nation": "england", "active": True, "other_names": None, **more}
    )
    with store.database.writing() as connection:
        establishments.when_establishment_changed(store.unit(connection, SimpleNamespace(sequence=version)), event)


def post(store: Store, **changes: Any) -> str:
    """Have an enquiry come in, without filing it; give its reference."""
    answers = parse_enquiry(risley_enquiry(**changes), store.clock().date())
    return intake.receive_enquiry(store, answers, idempotency_key=None, channel="api").reference


def file(store: Store, reference: str) -> None:
    """File an enquiry, as happens once its own event is heard."""
    with store.work() as work:
        row = row_of(store, reference)
        filing.when_enquiry_received(
            work,
            EnquiryReceived(
                reference, row.programme, row.establishment_id, row.group_size, None, None, None, row.received_at
            ),
        )


def filed(store: Store, **changes: Any) -> str:
    """Have an enquiry come in and be filed; give its reference."""
    reference = post(store, **changes)
    file(store, reference)
    return reference


def row_of(store: Store, reference: str) -> Any:
    """Give an enquiry's row."""
    with store.database.reading() as connection:
        return connection.execute(select(enquiries).where(enquiries.c.reference == reference)).one()


def shown(store: Store, reference: str) -> dict[str, Any]:
    """Give an enquiry as `get_enquiry` shows it."""
    with store.database.reading() as connection:
        return queries.get_enquiry(connection, reference)


def stage_of(store: Store, reference: str) -> Stage:
    """Give the stage an enquiry is at."""
    return Stage(row_of(store, reference).stage)


def rows(store: Store, table: Any) -> list[Any]:
    """Give all rows of a table."""
    with store.database.reading() as connection:
        return list(connection.execute(select(table)))


def told(store: Store, kind: type) -> list[Any]:
    """Give the events of a kind that were recorded, in order."""
    with store.database.reading() as connection:
        raw = connection.scalars(select(messaging.outbox.c.envelope).order_by(messaging.outbox.c.seq)).all()
    events = [contract_for(each.type).load(each.data) for each in map(Envelope.from_json, raw)]
    return [event for event in events if isinstance(event, kind)]
