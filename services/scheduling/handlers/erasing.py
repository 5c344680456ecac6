"""Erasing what is held on a facilitator, so that history stands and nobody is named in it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from services.scheduling.domain.words import counted, in_words, listed
from services.scheduling.handlers.expiry import forget_notices
from services.scheduling.handlers.people import ERASED_AT, held_facilitator, is_erased
from services.scheduling.queries.people import sessions_ahead
from services.scheduling.tables import (
    accreditations,
    clearances,
    escorts,
    facilitators,
    feeds,
    gate_memos,
    leave,
    offers,
    travel_times,
    working_hours,
)
from shared.clock import day_in_london
from shared.contracts.scheduling import FacilitatorErased
from shared.errors import Refused
from shared.messaging.housekeeping import wipe_after
from shared.persistence.commands import forget_answers
from shared.persistence.work import UnitOfWork

NOBODY = "A former facilitator"
"""What stands where the name was, on papers too."""


def erase_facilitator(work: UnitOfWork, facilitator_id: UUID) -> None:
    """Erase what is held on somebody who has left or leaves, and tell it. Their id stays on the sessions they led.

    Safe to repeat: it is told once.

    Raises `Refused`: "not_found", "refused" while sessions or an open offer are theirs.
    """
    row = held_facilitator(work, facilitator_id)
    if is_erased(row):
        return
    _refuse_while_asked(work, facilitator_id)
    for table in (accreditations, clearances, escorts, leave, working_hours):
        work.connection.execute(delete(table).where(table.c.facilitator_id == facilitator_id))
    key = str(facilitator_id)
    work.connection.execute(delete(travel_times).where(or_(travel_times.c.here == key, travel_times.c.there == key)))
    theirs = (feeds.c.owner == key, feeds.c.revoked_at.is_(None))
    work.connection.execute(update(feeds).where(*theirs).values(revoked_at=work.now))
    forget_notices(work, facilitator_id)
    _blot_out_on_papers(work, facilitator_id)
    forget_answers(work.connection, work.tables.answers, [key, row.email, row.name])
    nothing = dict.fromkeys(("insured_until", "latitude", "longitude", "travel_limit_minutes", "vehicle"))
    blank = {"name": NOBODY, "email": f"{facilitator_id.hex}@{ERASED_AT}", "state": "left", **nothing}
    work.connection.execute(update(facilitators).where(facilitators.c.id == facilitator_id).values(**blank))
    work.record(FacilitatorErased(facilitator_id), subject=key, sequence=1)
    wipe_after(work)


def _on(date: str) -> str:
    return in_words(dt.date.fromisoformat(date))


def _refuse_while_asked(work: UnitOfWork, facilitator_id: UUID) -> None:
    ahead = sessions_ahead(work.connection, facilitator_id, day_in_london(work.now))
    if ahead:
        dates = listed([f"{each['establishment']} on {_on(each['date'])}" for each in ahead[:3]])
        why = (
            f"They have {counted(len(ahead), 'session')} ahead, the next at {dates}. "
            "Give these to somebody else first: `keytalk facilitators show` lists them."
        )
        raise Refused("refused", why, {"facilitator": [why]})
    waiting = select(offers.c.id).where(offers.c.facilitator_id == facilitator_id, offers.c.state == "open")
    if work.connection.scalar(waiting.limit(1)) is not None:
        why = "An offer to them is open. Withdraw it first."
        raise Refused("refused", why, {"facilitator": [why]})


def _blot_out_on_papers(work: UnitOfWork, facilitator_id: UUID) -> None:
    """Take their name and vehicle out of the gate memos that are kept: whoever else stands on them stays."""
    table, key = gate_memos.c, str(facilitator_id)
    for memo in work.connection.execute(select(table.id, table.content)).all():
        people = memo.content.get("people", [])
        if any(each.get("id") == key for each in people):
            blotted = [{**each, "name": NOBODY, "vehicle": None} if each.get("id") == key else each for each in people]
            content = {**memo.content, "people": blotted}
            work.connection.execute(update(gate_memos).where(table.id == memo.id).values(content=content))
