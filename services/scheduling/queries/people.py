"""Reading facilitators and what they hold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.tables import clearances, facilitators
from shared.errors import Refused


def list_facilitators(connection: Connection) -> list[dict[str, Any]]:
    """List facilitators by name, each with their clearances."""
    held: dict[UUID, list[dict[str, str]]] = {}
    for row in connection.execute(select(clearances).order_by(clearances.c.establishment_id, clearances.c.valid_from)):
        held.setdefault(row.facilitator_id, []).append(
            {
                "establishment": row.establishment_id,
                "level": row.level,
                "valid_from": row.valid_from.isoformat(),
                "valid_until": row.valid_until.isoformat(),
            }
        )
    people = connection.execute(select(facilitators).order_by(facilitators.c.name, facilitators.c.id))
    return [
        {"id": str(row.id), "name": row.name, "email": row.email, "clearances": held.get(row.id, [])} for row in people
    ]


def get_facilitator(connection: Connection, facilitator_id: UUID) -> dict[str, Any]:
    """Give a facilitator's name and address. Raises `Refused("not_found")`."""
    row = connection.execute(select(facilitators).where(facilitators.c.id == facilitator_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no facilitator {facilitator_id}.")
    return {"id": str(row.id), "name": row.name, "email": row.email}
