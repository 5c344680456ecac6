"""What was in digests that did not get through: whether its readers were told of it otherwise since.

A digest is not sent again as a whole, and one task in enquiries stands for it. Nobody has anything left to do about it
once each message that it told was told in another way: sent again, noted by hand, or made good by newer news.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from sqlalchemy import Connection, select

from services.notifications.domain.digests import DIGEST
from services.notifications.domain.heard import REACHED
from services.notifications.domain.messages import SENT_AGAIN, Message, MessageState
from services.notifications.domain.proof import Verdict
from services.notifications.domain.statements import CHANGES, CONFIRMATIONS, TOLD_BY_HAND, said_by
from services.notifications.handlers.known_runs import in_states
from services.notifications.queries.messages import first_of
from services.notifications.queries.proof import proof_if_told
from services.notifications.tables import message_of, messages

WHOLE_RUN = "whole_run"
"""The fact of a note by hand that it is of all sessions of its run, and so of whatever else was said of that run."""

_LOST = [state.value for state in SENT_AGAIN]
_REACHED = [state.value for state in REACHED]
_OF_DATES = (*CONFIRMATIONS, *CHANGES)


def settled_by(connection: Connection, accepted: Message) -> list[UUID]:
    """Give the lost digests of whose parts the last is told, now that a message was taken.

    A message that says something for the first time, as nearly all do, takes the place of none.
    """
    taken = [each for each in _with_its_parts(connection, accepted) if _may_say_it_again(each)]
    if not taken:
        return []
    in_vain = _parts(connection, {each.recipient for each in taken})
    touched = {part.told_in for part in in_vain if any(_is_related(connection, each, part) for each in taken)}
    return [digest for digest in sorted(filter(None, touched)) if not list(left_of(connection, digest))]


def left_to(connection: Connection, recipient: str) -> list[Message]:
    """Give what the lost digests to a recipient of digests told, and nobody has told them otherwise."""
    theirs = (messages.c.recipient == recipient) & (messages.c.template == DIGEST) & messages.c.state.in_(_LOST)
    digests = connection.scalars(select(messages.c.id).where(theirs).order_by(messages.c.id)).all()
    return [part for digest in digests for part in left_of(connection, digest)]


def left_of(connection: Connection, digest: UUID) -> Iterator[Message]:
    """Give what a lost digest told and nobody has told otherwise, in the order in which it fell due."""
    query = select(messages).where(messages.c.told_in == digest).order_by(messages.c.due_at, messages.c.id)
    parts = [message_of(row) for row in connection.execute(query)]
    reached = _reached(connection, {part.recipient for part in parts})
    return (part for part in parts if not _is_told(connection, part, reached))


def session_ids(message: Message) -> frozenset[str]:
    """Give the ids of the sessions that a message says something of, or is about."""
    session = message.facts.get("session")
    return frozenset(said_by(message)) | (frozenset({str(session["id"])}) if isinstance(session, dict) else frozenset())


def _with_its_parts(connection: Connection, message: Message) -> list[Message]:
    if message.template != DIGEST:
        return [message]
    told = (messages.c.told_in == message.id) & (messages.c.state == MessageState.SUPERSEDED.value)
    return [message_of(row) for row in connection.execute(select(messages).where(told))]


def _may_say_it_again(message: Message) -> bool:
    return message.resend_of is not None or message.version > 1 or message.template == TOLD_BY_HAND


def _parts(connection: Connection, recipients: Collection[str]) -> list[Message]:
    digest = messages.alias("digest")
    lost = digest.c.state.in_(_LOST)
    query = select(messages).join(digest, digest.c.id == messages.c.told_in).where(lost)
    return [message_of(row) for row in connection.execute(query.where(messages.c.recipient.in_(recipients)))]


def _reached(connection: Connection, recipients: Collection[str]) -> list[Message]:
    """Give what reached these, itself or in a digest."""
    query = select(messages).where(messages.c.recipient.in_(recipients), in_states(_REACHED))
    return [each for each in map(message_of, connection.execute(query)) if _may_say_it_again(each)]


def _is_related(connection: Connection, message: Message, part: Message) -> bool:
    if message.recipient != part.recipient:
        return False
    return message.subject_ref == part.subject_ref or _is_in_place_of(connection, message, part)


def _is_told(connection: Connection, part: Message, reached: Sequence[Message]) -> bool:
    theirs = [each for each in reached if each.recipient == part.recipient]
    return (
        any(_is_in_place_of(connection, each, part) for each in theirs)
        or _is_noted([each for each in theirs if each.template == TOLD_BY_HAND], part)
        or (part.template in _OF_DATES and _knows_the_dates(connection, part))
    )


def _is_in_place_of(connection: Connection, message: Message, part: Message) -> bool:
    """Say whether one is the other sent again, or the newer version of the same news."""
    if message.occasion == part.occasion:
        return message.version > part.version
    again = message.resend_of is not None and message.id != part.id
    return again and first_of(connection, message.id) == first_of(connection, part.id)


def _is_noted(notes: Sequence[Message], part: Message) -> bool:
    """Say whether notes of the same run say it: of the whole of it, or of each session that the part is about."""
    since = [
        each
        for each in notes
        if each.subject_ref == part.subject_ref
        and (part.claimed_at is None or (each.accepted_at is not None and each.accepted_at >= part.claimed_at))
    ]
    if any(each.facts.get(WHOLE_RUN) for each in since):
        return True
    about = session_ids(part)
    return bool(about) and about <= {id_ for each in since for id_ in each.facts.get("says", ())}


def _knows_the_dates(connection: Connection, part: Message) -> bool:
    """Say whether its reader knows what is true now of each session that it told, by whatever message."""
    proof = proof_if_told(connection, part.subject_ref.partition(":")[2])
    told = session_ids(part)
    return proof is not None and all(
        person.verdict is Verdict.TOLD
        for each in proof.sessions
        for person in each.people
        if each.session.id in told and person.recipient == part.recipient
    )
