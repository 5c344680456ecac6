"""Ana, Tom and Lee, the places they go to, and runs they lead; on a migrated database of either kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.runs import Run, Session, Slot
from services.scheduling.handlers import people, places, programmes
from services.scheduling.records import save_draft
from services.scheduling.tables import messaging, metadata, regime_windows
from shared.clock import fixed_clock
from shared.contracts.base import contract_for
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.work import Store, new_id

DECEMBER = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
PLACES = (
    Establishment("RSI", "Risley (HMP)", active=True, nation="england", town="Warrington"),
    Establishment("STI", "Styal (HMP & YOI)", active=True, nation="england", town="Wilmslow"),
)


def emptied(database: Database) -> Store:
    """Give a store with the programmes and two places, both open for three hours each afternoon, and nobody."""
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    store = Store(database, messaging, fixed_clock(DECEMBER), "scheduling")
    with store.work() as work:
        programmes.load_catalogue(work)
        for place in PLACES:
            places.save_establishment(work, place)
        rows = [
            {
                "establishment_id": place.id,
                "weekday": weekday,
                "name": "pm",
                "valid_from": date(2000, 1, 1),
                "start": time(13, 45),
                "end": time(16, 45),
            }
            for place in PLACES
            for weekday in range(5)
        ]
        work.connection.execute(insert(regime_windows), rows)
    forget_news(store)
    return store


def at(store: Store, moment: datetime) -> Store:
    """Give the same store at another time."""
    return replace(store, clock=fixed_clock(moment))


def forget_news(store: Store) -> None:
    """Empty the outbox."""
    with store.database.writing() as connection:
        connection.execute(delete(messaging.outbox))


def news(store: Store) -> list[Any]:
    """Give the events that were recorded, in order."""
    with store.database.reading() as connection:
        raw = connection.scalars(select(messaging.outbox.c.envelope).order_by(messaging.outbox.c.seq)).all()
    return [contract_for(each.type).load(each.data) for each in map(Envelope.from_json, raw)]


def person(store: Store, name: str) -> UUID:
    """Put somebody on file."""
    with store.work() as work:
        return people.add_facilitator(work, name, f"{name.split(maxsplit=1)[0].lower()}@facilitators.example")


def cleared(store: Store, who: UUID, place: str, first: date, last: date, **more: Any) -> str:
    """Grant access."""
    with store.work() as work:
        return people.grant_clearance(work, Clearance(who, place, more.pop("level", "standard"), first, last, **more))


def a_run(store: Store, reference: str, place: str, dates: list[date], team: tuple[UUID, ...], **more: Any) -> Run:
    """Have a run with sessions on these dates in the afternoon, a draft unless said."""
    with store.work() as work:
        sessions = tuple(
            Session(new_id(), number, on, time(13, 45), time(16, 45), facilitator_ids=team)
            for number, on in enumerate(dates, start=1)
        )
        run = Run(
            id=new_id(),
            enquiry=reference,
            establishment_id=place,
            programme="many-faces-of-trauma",
            state=more.pop("state", "draft"),
            facilitator_ids=team,
            sessions=sessions,
            slot=Slot(dates[0]),
            **more,
        )
        save_draft(work.connection, run, work.now)
    return run
