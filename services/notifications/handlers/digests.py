"""Digests in the ledger: what is collected for one, what it takes along as it goes out, and what becomes of that.

A message that waits for its digest is an ordinary one that waits: newer news supersedes it, and the digest then leaves
it out. It is claimed in the transaction that claims the digest, so no other replica sends it meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from services.notifications.domain.digests import DIGEST, TAKEN_UP_BY, DigestDay, occasion_of
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting, draft
from services.notifications.domain.verdicts import NOT_WANTED, is_unwanted
from services.notifications.queries.preferences import preferences_of
from services.notifications.tables import SEND_MESSAGES, message_of, message_row, messages
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

TOO_LATE = "Its time passed before it could be sent."


def days_told(connection: Connection, person: str, now: datetime) -> frozenset[date]:
    """Give the days, from yesterday on, whose digest of somebody takes in nothing any more."""
    theirs = (messages.c.recipient == person) & (messages.c.template == DIGEST)
    gone = (messages.c.state != MessageState.SCHEDULED.value) & (messages.c.due_at > now - timedelta(days=1))
    return frozenset(
        date.fromisoformat(facts["day"]) for facts in connection.scalars(select(messages.c.facts).where(theirs, gone))
    )


def collect(work: UnitOfWork, message: Message, digest: DigestDay, person: str) -> Message:
    """Give a claimed message as it waits for somebody's digest of a day, which the first one of the day makes.

    Where that has been claimed meanwhile, the message is due again at once.
    """
    drafting = Drafting(work.new_id, message.message_id.rpartition("@")[2].rstrip(">"))
    new = draft(
        drafting,
        recipient=person,
        occasion=occasion_of(person, digest.day),
        template=DIGEST,
        subject_ref=person,
        due_at=digest.due_at,
        facts={"day": digest.day.isoformat()},
    )
    if insert_or_leave(work.connection, messages, message_row(new)):
        work.schedule(SEND_MESSAGES, str(new.id), new.due_at)
    same = (messages.c.recipient == new.recipient) & (messages.c.occasion == new.occasion)
    row = work.connection.execute(select(messages.c.id, messages.c.state).where(same).with_for_update()).one()
    if row.state != MessageState.SCHEDULED.value:
        return message.postponed(work.now, "Its digest went out just before it.")
    return message.put_into(
        row.id, digest.due_at + TAKEN_UP_BY, f"It waits for the digest of {digest.day.isoformat()}."
    )


def take_along(work: UnitOfWork, digest: Message, now: datetime) -> list[Message]:
    """Claim what a claimed digest is to tell, and give all that waited for it, as it is then.

    What comes too late by now is marked missed; what its reader has switched off meanwhile is held back.
    """
    taken = []
    for row in work.connection.execute(_waiting_for(digest, MessageState.SCHEDULED).with_for_update()).all():
        part = _taken(work, message_of(row), digest, now)
        _save(work, part)
        taken.append(part)
    return taken


def _taken(work: UnitOfWork, part: Message, digest: Message, now: datetime) -> Message:
    if part.is_past_use(now):
        return part.missed(work.now, TOO_LATE)
    if is_unwanted(part, preferences_of(work.connection, digest.recipient, part.recipient)):
        return part.suppressed(NOT_WANTED)
    return part.claim_for_digest(work.now)


def taken_along(connection: Connection, digest: Message) -> list[Message]:
    """Give what a digest under way is to tell, in the order in which it fell due."""
    return [message_of(row) for row in connection.execute(_waiting_for(digest, MessageState.SENDING))]


def let_follow(work: UnitOfWork, digest: Message) -> None:
    """Have what a digest took along come to the end that it came to, or wait with it for another attempt."""
    for row in work.connection.execute(_waiting_for(digest, MessageState.SENDING).with_for_update()).all():
        part = message_of(row)
        if digest.state is MessageState.SCHEDULED:
            part = part.put_back(digest.next_attempt_at + TAKEN_UP_BY, digest.id)
            work.schedule(SEND_MESSAGES, str(part.id), part.next_attempt_at)
        else:
            part = part.told(_what_became_of(digest))
        _save(work, part)


def end_left_behind(work: UnitOfWork) -> int:
    """Have what a digest took along follow it where it was left behind; give how many digests those were of."""
    left_behind = (messages.c.state == MessageState.SENDING.value) & messages.c.told_in.is_not(None)
    digest = messages.alias("digest")
    took_them = digest.c.id.in_(select(messages.c.told_in).where(left_behind))
    is_over = digest.c.state != MessageState.SENDING.value
    digests = work.connection.execute(select(digest).where(took_them, is_over).with_for_update()).all()
    for row in digests:
        let_follow(work, message_of(row))
    return len(digests)


def _waiting_for(digest: Message, state: MessageState) -> Any:
    theirs: ColumnElement[bool] = (messages.c.told_in == digest.id) & (messages.c.state == state.value)
    return select(messages).where(theirs).order_by(messages.c.due_at, messages.c.id)


def _what_became_of(digest: Message) -> str:
    day = digest.facts["day"]
    if digest.state in {MessageState.ACCEPTED, MessageState.DELIVERED}:
        return f"Told in the digest of {day}."
    return f"It went into the digest of {day}, whose own line says what became of it."


def _save(work: UnitOfWork, message: Message) -> None:
    work.connection.execute(update(messages).where(messages.c.id == message.id).values(message_row(message)))
