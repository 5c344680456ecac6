"""Facilitators, and what the decision letters say about them."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.domain.clearances import Clearance
from services.scheduling.records import load_establishment
from services.scheduling.tables import clearances, facilitators
from shared.errors import Refused
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def add_facilitator(work: UnitOfWork, name: str, email: str) -> UUID:
    """Put a facilitator on file and give their id. Raises `Refused("conflict")` for an address that is known."""
    person = {"id": work.new_id(), "name": name, "email": email, "added_at": work.now}
    if not insert_or_leave(work.connection, facilitators, person):
        why = "A facilitator with this email address is on file already."
        raise Refused("conflict", why, {"email": [why]})
    return UUID(str(person["id"]))


def grant_clearance(work: UnitOfWork, clearance: Clearance) -> None:
    """Record what a decision letter says. The same start again takes the new end and level.

    Raises `Refused("not_found")` for a facilitator or an establishment that is not on file.
    """
    known = work.connection.scalar(select(facilitators.c.id).where(facilitators.c.id == clearance.facilitator_id))
    if known is None:
        why = f"There is no facilitator {clearance.facilitator_id}. `keytalk facilitators list` shows them."
        raise Refused("not_found", why, {"facilitator": [why]})
    load_establishment(work.connection, clearance.establishment_id)
    row = asdict(clearance)
    if insert_or_leave(work.connection, clearances, {"id": work.new_id(), **row}):
        return
    same = [clearances.c[name] == row[name] for name in ("facilitator_id", "establishment_id", "valid_from")]
    work.connection.execute(update(clearances).where(*same).values(row))
