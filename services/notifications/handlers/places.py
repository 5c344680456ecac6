"""What this service knows of places: whose bank holidays their people keep."""

from __future__ import annotations

from collections.abc import Container
from datetime import date

from sqlalchemy import Connection, select, update

from services.notifications.tables import places
from shared.contracts.scheduling import EstablishmentChanged
from shared.holidays import bank_holidays_in
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def when_establishment_changed(work: UnitOfWork, event: EstablishmentChanged) -> None:
    """Keep the nation of an establishment."""
    if not insert_or_leave(work.connection, places, {"id": event.id, "nation": event.nation}):
        work.connection.execute(update(places).where(places.c.id == event.id).values(nation=event.nation))


def holidays_at(connection: Connection, establishment_id: str | None) -> Container[date]:
    """Give the bank holidays that people at a place keep: England's and Wales's where it is not known."""
    return bank_holidays_in(nation_at(connection, establishment_id))


def nation_at(connection: Connection, establishment_id: str | None) -> str | None:
    """Give the nation of an establishment, or None where it is not known."""
    query = select(places.c.nation).where(places.c.id == establishment_id)
    nation: str | None = connection.scalar(query) if establishment_id else None
    return nation
