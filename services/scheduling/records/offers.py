"""How offers to facilitators lie in the tables, and who came off a session before."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.offers import Offer
from services.scheduling.tables import changes, offers
from shared.errors import Refused
from shared.persistence.types import AnyRow


def load_offer(connection: Connection, offer_id: UUID, *, lock: bool = False) -> Offer:
    """Load an offer; with `lock`, nobody else settles it until this transaction ends. Raises `Refused("not_found")`."""
    query = select(offers).where(offers.c.id == offer_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise Refused("not_found", f"There is no offer {offer_id}. `keytalk offers list` shows them.")
    return offer_in(row)


def load_open_offers(connection: Connection, run_id: UUID) -> tuple[Offer, ...]:
    """Load the open offers of a run, the oldest first, each held until this transaction ends."""
    mine = (offers.c.run_id == run_id, offers.c.state == "open")
    rows = connection.execute(select(offers).where(*mine).order_by(offers.c.id).with_for_update())
    return tuple(offer_in(row) for row in rows)


def offer_in(row: AnyRow) -> Offer:
    """Give the offer of a row."""
    return Offer(
        id=row.id,
        run_id=row.run_id,
        facilitator_id=row.facilitator_id,
        session_ids=tuple(UUID(each) for each in row.session_ids),
        role=row.role,
        instead_of=row.instead_of,
        state=row.state,
        answer_by=row.answer_by,
        told=row.told,
    )


def who_came_off(connection: Connection, run_id: UUID, session_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Give who was taken off each of some sessions by a change that stands, by session.

    They may lead it again since: that is for whoever asks.
    """
    standing = (changes.c.run_id == run_id, changes.c.kind == "swap", changes.c.reversed_at.is_(None))
    found: dict[UUID, set[UUID]] = {each: set() for each in session_ids}
    for asked in connection.scalars(select(changes.c.asked).where(*standing)):
        for session_id in _sessions_in(asked) & found.keys():
            found[session_id] |= {UUID(asked["out"])} if asked.get("out") else set()
    return found


def _sessions_in(asked: dict[str, Any]) -> set[UUID]:
    return {UUID(each) for each in asked.get("session_ids", ())}
