"""Keeping how somebody wishes to be written to, and letting go of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import delete

from services.notifications.domain.preferences import Preferences
from services.notifications.tables import preferences
from shared.persistence.upsert import insert_or_update
from shared.persistence.work import UnitOfWork


def change(work: UnitOfWork, person: str, chosen: Preferences, *, by: str, reason: str | None = None) -> None:
    """Keep what somebody prefers from now on, who wrote it down (`by`), and an operator's reason.

    It counts for what goes out from this moment, whenever that was entered.
    """
    said = {**asdict(chosen), "channel": chosen.channel.value}
    noted = {"changed_at": work.now, "changed_by": by, "reason": reason}
    insert_or_update(work.connection, preferences, "person", {"person": person, **said, **noted})


def forget(work: UnitOfWork, people: Collection[str]) -> None:
    """Let go of what people chose, such as those who were erased."""
    work.connection.execute(delete(preferences).where(preferences.c.person.in_(people)))
