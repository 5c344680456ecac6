"""When a contact can be reached no longer: their posts end, and somebody asks who holds them now."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, update

from services.enquiries.domain.clocks import working_day_after
from services.enquiries.domain.people import GONE, Changed, ContactStatus
from services.enquiries.domain.pipeline import OPEN, Stage
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import CLOCK, Kind
from services.enquiries.handlers import history, matching, people, untold, waiting
from services.enquiries.handlers.tasks import add_task, close_task
from services.enquiries.queries.threads import reached, root_of
from services.enquiries.tables import (
    contact_history,
    contacts,
    enquiries,
    holdings,
    organisations,
    posts,
    tasks,
    timeline,
)
from shared.contracts.enquiries import ContactLeft
from shared.contracts.notifications import RecipientBounced
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork

POST_VACANT = "post_vacant"
"""The kind of the tasks that ask who holds a post now."""

ASK_WITHIN = {ContactStatus.LEFT: 2, ContactStatus.BOUNCED: 1}
"""Working days in which somebody finds out who to write to now: a bounce is also something that somebody was not told.
"""
ASKED_ELSEWHERE = "Another task asks who to write to now: they are told this then."

_LIVE = [*(stage.value for stage in OPEN), Stage.WON.value]
"""Stages in which people are still written to about an enquiry."""
_MOST_ENQUIRIES = 500
_LONGEST_TITLE = 200


def mark_contact_left(
    work: UnitOfWork, contact_id: UUID, *, reason: str | None, successor_id: UUID | None, actor: str
) -> None:
    """Mark someone as having left, and who follows them where that is known.

    Raises `Refused`: "not_found", or "refused" for someone who is marked so already.
    """
    row = people.the_contact(work, contact_id)
    if row.status == ContactStatus.LEFT.value:
        raise Refused("refused", "This contact is marked as having left already.")
    if successor_id is not None:
        people.change_contact(work, contact_id, {"successor": successor_id}, keys=(), actor=actor)
    _go(work, contact_id, ContactStatus.LEFT, reason=reason, actor=actor)


def when_recipient_bounced(work: UnitOfWork, event: RecipientBounced) -> None:
    """Mark whoever an enquiry is answered to as bounced, when a mail server turned their address down for good.

    Where it has become somebody else, or another address, since the message went out, nobody is marked. The task about
    the message itself is done with, where another asks who to write to now: one bounce is one thing to see to.
    """
    known = select(enquiries.c.reference).where(enquiries.c.reference == event.about)
    if work.connection.scalar(known) is None:
        return
    row = waiting.locked(work, root_of(work.connection, event.about))
    if row.erased_at is not None:
        return
    contact_id = row.correspondent_id or row.contact_id or matching.recognise(work, row)
    contact = reached(work.connection, contact_id) if contact_id is not None else None
    if contact is None:
        return
    if contact.status == ContactStatus.ACTIVE.value and not _changed_since(work, row, contact, event):
        _go(work, contact.id, ContactStatus.BOUNCED, reason=None, actor=CLOCK, about=row)
    if _is_asked_for(work, contact.id):
        close_task(work, untold.key_of(event.message_id), outcome=ASKED_ELSEWHERE, actor=CLOCK)


def _is_asked_for(work: UnitOfWork, contact_id: UUID) -> bool:
    """Say whether somebody bounced and an open task asks who to write to now."""
    bounced = (contacts.c.id == contact_id) & (contacts.c.status == ContactStatus.BOUNCED.value)
    asks = (tasks.c.contact_id == contacts.c.id) & (tasks.c.kind == POST_VACANT) & tasks.c.done_at.is_(None)
    return work.connection.execute(select(tasks.c.id).where(bounced, asks).limit(1)).first() is not None


def _changed_since(work: UnitOfWork, row: AnyRow, contact: AnyRow, event: RecipientBounced) -> bool:
    """Say whether the message may have gone to someone else, or to an address that was put right meanwhile."""
    later = (timeline.c.reference == row.reference) & (timeline.c.at > event.bounced_at)
    kinds = [Kind.LINKED.value, Kind.UNMERGED.value]
    moved = select(timeline.c.id).where(later, timeline.c.kind.in_(kinds)).limit(1)
    if work.connection.scalar(moved) is not None:
        return True
    ours = {contact.id, row.contact_id, row.correspondent_id} - {None}
    told_of = [Changed.EMAIL.value, Changed.SUCCESSOR.value, Changed.STATUS.value]
    theirs = contact_history.c.contact_id.in_(ours) & contact_history.c.kind.in_(told_of)
    changed = select(contact_history.c.id).where(theirs, contact_history.c.at > event.bounced_at).limit(1)
    return work.connection.scalar(changed) is not None


def _go(
    work: UnitOfWork,
    contact_id: UUID,
    status: ContactStatus,
    *,
    reason: str | None,
    actor: str,
    about: AnyRow | None = None,
) -> None:
    """Do all that follows when someone is gone; `about` is the enquiry by which we learnt of it."""
    was = people.the_contact(work, contact_id)
    values = {"status": status.value, "status_since": work.now}
    work.connection.execute(update(contacts).where(contacts.c.id == contact_id).values(values))
    people.note(work, contact_id, Changed.STATUS, was=was.status, now=status.value, actor=actor)
    if reason:
        people.note(work, contact_id, Changed.REASON, now=reason, actor=actor)
    vacant = _end_posts(work, contact_id, actor)
    live = _answered_to(work, contact_id)
    kind = Kind.BOUNCED if status is ContactStatus.BOUNCED else Kind.CONTACT_LEFT
    for row in live:
        history.write(work, row.reference, kind, actor=actor, about=str(contact_id))
    followed = reached(work.connection, contact_id).status == ContactStatus.ACTIVE.value
    if not followed and ContactStatus(was.status) not in GONE:
        _ask_who_follows(work, was, vacant, about or (live[0] if live else None), ASK_WITHIN[status])
    left = ContactLeft(
        person_id=contact_id,
        why=status.value,
        references=() if followed else tuple(row.reference for row in live),
    )
    work.record(left, subject=str(contact_id), sequence=_changes_of_status(work, contact_id))


def _end_posts(work: UnitOfWork, contact_id: UUID, actor: str) -> list[AnyRow]:
    """End what someone holds; give each post with the id of the holding, its title and its organisation's name."""
    mine = (holdings.c.contact_id == contact_id) & holdings.c.until.is_(None)
    query = (
        select(holdings.c.id, posts.c.title, organisations.c.name, organisations.c.establishment_id)
        .join(posts, posts.c.id == holdings.c.post_id)
        .join(organisations, organisations.c.id == posts.c.organisation_id)
        .where(mine)
        .order_by(holdings.c.since, holdings.c.id)
    )
    held = list(work.connection.execute(query))
    work.connection.execute(update(holdings).where(mine).values(until=work.now))
    for post in held:
        people.note(work, contact_id, Changed.POST_ENDED, was=post.title, actor=actor)
    return held


def _answered_to(work: UnitOfWork, contact_id: UUID) -> list[AnyRow]:
    """Give the live enquiries that are answered to someone, themselves or as a successor; the newest first."""
    ids = _line_before(work, contact_id)
    theirs = or_(
        enquiries.c.correspondent_id.in_(ids),
        enquiries.c.contact_id.in_(ids) & enquiries.c.correspondent_id.is_(None),
    )
    live = (enquiries.c.standing == Standing.FILED.value) & enquiries.c.stage.in_(_LIVE)
    query = select(enquiries).where(theirs, live, enquiries.c.erased_at.is_(None))
    newest_first = query.order_by(enquiries.c.received_at.desc(), enquiries.c.reference).limit(_MOST_ENQUIRIES)
    return list(work.connection.execute(newest_first))


def _line_before(work: UnitOfWork, contact_id: UUID) -> set[UUID]:
    """Give the ids of all in whose place someone is written to, with their own."""
    found, heads = {contact_id}, {contact_id}
    while heads:
        heads = set(work.connection.scalars(select(contacts.c.id).where(contacts.c.successor_id.in_(heads)))) - found
        found |= heads
    return found


def _ask_who_follows(
    work: UnitOfWork, contact: AnyRow, vacant: list[AnyRow], about: AnyRow | None, within: int
) -> None:
    reference = about.reference if about is not None else None
    for post in vacant:
        add_task(
            work,
            key=f"{POST_VACANT}:{post.id}",
            kind=POST_VACANT,
            title=_fitting("Who holds the post of", post.title, "at", post.name, "now?"),
            due_on=_due(work, post.establishment_id, within),
            reference=reference,
            contact_id=contact.id,
            actor=CLOCK,
        )
    if vacant:
        return
    title = _question(work, contact.organisation_id or (about.organisation_id if about is not None else None), about)
    if title is not None:
        add_task(
            work,
            key=f"{POST_VACANT}:{contact.id}:{_changes_of_status(work, contact.id)}",
            kind=POST_VACANT,
            title=title,
            due_on=_due(work, about.establishment_id if about is not None else None, within),
            reference=reference,
            contact_id=contact.id,
            actor=CLOCK,
        )


def _question(work: UnitOfWork, organisation_id: UUID | None, about: AnyRow | None) -> str | None:
    """Give what there is to ask where no post is known; None where there is nobody to write to and nothing to say."""
    if organisation_id is not None:
        name = work.connection.scalar(select(organisations.c.name).where(organisations.c.id == organisation_id))
        return _fitting("Who do we write to at", str(name), "now?")
    return f"Who do we write to about {about.reference} now?" if about is not None else None


def _fitting(*words: str) -> str:
    title = " ".join(words)
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _due(work: UnitOfWork, establishment_id: str | None, within: int) -> date:
    return working_day_after(work.now, within, waiting.bank_holidays(work.connection, establishment_id))


def _changes_of_status(work: UnitOfWork, contact_id: UUID) -> int:
    """Count the changes of someone's status: the place of the news among those about them."""
    entries = (contact_history.c.contact_id == contact_id) & (contact_history.c.kind == Changed.STATUS.value)
    return int(work.connection.scalar(select(func.count()).select_from(contact_history).where(entries)) or 0)
