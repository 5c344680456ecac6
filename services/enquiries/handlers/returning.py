"""When somebody can be written to again: their address was put right, or their mailbox opened anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.enquiries.domain.people import GONE, Changed, ContactStatus
from services.enquiries.handlers import people
from services.enquiries.handlers.leaving import POST_VACANT
from services.enquiries.handlers.tasks import close_tasks_about
from services.enquiries.tables import contacts, holdings
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork

WRITTEN_TO_AGAIN = "They are written to again."
"""What comes of the tasks that asked who to write to in somebody's place."""


def change_contact(
    work: UnitOfWork, contact_id: UUID, changes: Mapping[str, Any], *, keys: Sequence[str], actor: str
) -> None:
    """Change what is on record about someone, as `people.change_contact` does. Raises `Refused` as that does.

    Whoever was marked as bounced and has another address now is written to again.
    """
    was = people.the_contact(work, contact_id)
    people.change_contact(work, contact_id, changes, keys=keys, actor=actor)
    email = changes.get("email")
    is_another = email is not None and email.casefold() != (was.email or "").casefold()
    if was.status == ContactStatus.BOUNCED.value and is_another:
        _return(work, was, actor)


def bring_back(work: UnitOfWork, contact_id: UUID, *, reason: str, actor: str) -> None:
    """Have someone written to again who was marked as bounced or as having left, at the address on record.

    Nobody is written to in their place any more. Raises `Refused`: "not_found", or "refused" where they are written to
    already, or were erased.
    """
    was = people.the_contact(work, contact_id)
    if ContactStatus(was.status) not in GONE:
        raise Refused("refused", "This contact is written to already: they are marked as active.")
    people.change_contact(work, contact_id, {"successor": None}, keys=(), actor=actor)
    _return(work, was, actor)
    people.note(work, contact_id, Changed.REASON, now=reason, actor=actor)


def _return(work: UnitOfWork, was: AnyRow, actor: str) -> None:
    """Do all that follows: the posts that ended with it go on, and nobody asks who holds them."""
    active = ContactStatus.ACTIVE.value
    values = {"status": active, "status_since": work.now}
    work.connection.execute(update(contacts).where(contacts.c.id == was.id).values(values))
    people.note(work, was.id, Changed.STATUS, was=was.status, now=active, actor=actor)
    for post_id in _posts_that_ended_with_it(work, was):
        people.assign_post(work, was.id, post_id, actor=actor)
    close_tasks_about(work, was.id, [POST_VACANT], outcome=WRITTEN_TO_AGAIN, actor=actor)


def _posts_that_ended_with_it(work: UnitOfWork, was: AnyRow) -> list[UUID]:
    """Give the posts that somebody held until they could be reached no longer, and that nobody has taken up since."""
    theirs = (holdings.c.contact_id == was.id) & (holdings.c.until == was.status_since)
    ended = list(work.connection.scalars(select(holdings.c.post_id).where(theirs).order_by(holdings.c.since)))
    by_another = holdings.c.post_id.in_(ended) & (holdings.c.contact_id != was.id)
    since = by_another & (holdings.c.since >= was.status_since)
    taken = set(work.connection.scalars(select(holdings.c.post_id).where(since)))
    return [post_id for post_id in ended if post_id not in taken]
