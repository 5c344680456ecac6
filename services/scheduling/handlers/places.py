"""Establishments: their entries, which other services keep a copy of, and when they are closed."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import select

from services.scheduling.domain.calendar import default_blackouts
from services.scheduling.domain.establishments import Establishment
from services.scheduling.tables import blackouts, establishments
from shared.contracts.scheduling import EstablishmentChanged
from shared.persistence.upsert import insert_or_update
from shared.persistence.work import UnitOfWork


def save_establishment(work: UnitOfWork, establishment: Establishment) -> tuple[str, int]:
    """Add an establishment or change its entry; say "added", "changed" or "unchanged", and its version.

    A new one starts with the default blackouts. What changed is told to the other services.
    """
    told = {name: getattr(establishment, name) for name in ("id", "name", "active", "nation", "town")}
    wanted = {**told, "other_names": "\n".join(establishment.other_names) or None}
    known = work.connection.execute(select(establishments).where(establishments.c.id == establishment.id)).first()
    if known is not None and all(known._mapping[name] == value for name, value in wanted.items()):
        return "unchanged", known.version
    version = 1 if known is None else known.version + 1
    level = establishment.required_level if known is None else known.required_level
    insert_or_update(work.connection, establishments, "id", {**wanted, "required_level": level, "version": version})
    if known is None:
        _close_by_default(work, establishment.id)
    news = EstablishmentChanged(**told, other_names=establishment.other_names or None)
    work.record(news, subject=establishment.id, sequence=version)
    return ("added" if known is None else "changed"), version


def _close_by_default(work: UnitOfWork, establishment_id: str) -> None:
    for blackout in default_blackouts():
        row = {"id": work.new_id(), "establishment_id": establishment_id, **asdict(blackout)}
        work.connection.execute(blackouts.insert(), row)
