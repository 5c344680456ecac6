"""Keeping our own list of establishments, from what scheduling tells."""

from __future__ import annotations

from sqlalchemy import select

from services.enquiries.handlers import organisations
from services.enquiries.tables import establishments
from shared.contracts.scheduling import EstablishmentChanged
from shared.establishment_names import bare_name
from shared.persistence.upsert import insert_or_update
from shared.persistence.work import UnitOfWork


def when_establishment_changed(work: UnitOfWork, event: EstablishmentChanged) -> None:
    """Keep the projection of establishments; an older version that comes late changes nothing."""
    version = work.cause.sequence if work.cause else 1
    known = work.connection.scalar(select(establishments.c.version).where(establishments.c.id == event.id))
    if known is not None and known >= version:
        return
    values = {
        "id": event.id,
        "name": event.name,
        "bare_name": bare_name(event.name),
        "town": event.town,
        "nation": event.nation,
        "active": event.active,
        "version": version,
        "other_names": "\n".join(event.other_names or ()) or None,
    }
    insert_or_update(work.connection, establishments, "id", values)
    organisations.keep_in_step(work, event)
