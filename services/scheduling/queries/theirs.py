"""Whether something is a facilitator's own, for callers who may ask for that alone: what is another's is not there."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, Select, select

from services.scheduling.records.offers import load_offer
from services.scheduling.tables import assignments
from shared.errors import Refused


def refuse_others_offer(connection: Connection, offer_id: UUID, facilitator_id: UUID | None) -> None:
    """Raise `Refused("not_found")` for an offer to somebody else; None asks for nobody's in particular."""
    if facilitator_id is not None and load_offer(connection, offer_id).facilitator_id != facilitator_id:
        raise Refused("not_found", f"You have no offer {offer_id}. Offers to you are in your list.")


def led_by(facilitator_id: UUID) -> Select[tuple[UUID]]:
    """Select the ids of the sessions that somebody leads; who observes one does not."""
    theirs = (assignments.c.facilitator_id == facilitator_id) & (assignments.c.role != "observer")
    return select(assignments.c.session_id).where(theirs)


def refuse_others_session(connection: Connection, session_id: UUID, facilitator_id: UUID | None) -> None:
    """Raise `Refused("not_found")` for a session that somebody does not lead; None asks for nobody's in particular."""
    if facilitator_id is None:
        return
    if connection.execute(led_by(facilitator_id).where(assignments.c.session_id == session_id)).first() is None:
        why = f"You lead no session {session_id}. Those you lead are in your list."
        raise Refused("not_found", why, {"session": [why]})
