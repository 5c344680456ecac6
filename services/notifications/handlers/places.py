"""What this service knows of places: whose bank holidays their people keep, and when one reports at the gate."""

from __future__ import annotations

from collections.abc import Container
from datetime import date

from sqlalchemy import Connection, select, update

from services.notifications.tables import places
from shared.contracts.scheduling import EstablishmentChanged
from shared.holidays import bank_holidays_in
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

REPORT_MINUTES = 60
"""What counts where nothing else was told. Source: domain notes, section 1, "At the gate"."""


def when_establishment_changed(work: UnitOfWork, event: EstablishmentChanged) -> None:
    """Keep what is needed of an establishment."""
    kept = {"nation": event.nation, "report_minutes": event.report_minutes}
    if not insert_or_leave(work.connection, places, {"id": event.id, **kept}):
        work.connection.execute(update(places).where(places.c.id == event.id).values(kept))


def holidays_at(connection: Connection, establishment_id: str | None) -> Container[date]:
    """Give the bank holidays that people at a place keep: England's and Wales's where it is not known."""
    return bank_holidays_in(nation_at(connection, establishment_id))


def nation_at(connection: Connection, establishment_id: str | None) -> str | None:
    """Give the nation of an establishment, or None where it is not known."""
    query = select(places.c.nation).where(places.c.id == establishment_id)
    nation: str | None = connection.scalar(query) if establishment_id else None
    return nation


def report_minutes_at(connection: Connection, establishment_id: str | None) -> int:
    """Give how many minutes before a session one reports at the gate of an establishment."""
    query = select(places.c.report_minutes).where(places.c.id == establishment_id)
    minutes: int | None = connection.scalar(query) if establishment_id else None
    return REPORT_MINUTES if minutes is None else minutes
