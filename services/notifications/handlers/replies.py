"""What somebody's answer brings about: it is filed with its enquiry, by the service that owns the enquiry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from services.notifications.domain.answers import Answer, Kind
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import OPS
from services.notifications.domain.reply_words import note_of, words_of
from services.notifications.domain.suppressing import normalise_address
from services.notifications.handlers.answering import BY, Desk, Effect, Outcome, ServiceAway
from services.notifications.handlers.settling import about_of
from services.notifications.tables import answers_read, message_of, messages
from shared.contracts.notifications import MessageUnsettled
from shared.errors import Refused
from shared.persistence.work import Store, UnitOfWork

UNREAD = "unread"
"""Somebody wrote, and it could not be filed: see `MessageUnsettled`."""
ONE_NOTE_IN = timedelta(days=7)
"""Time in which an enquiry gets one note of automatic answers: each message to somebody away brings another."""

_UNKNOWN = UUID("0b3f4d0e-5e55-5c7c-9b0b-3f1f5f3a6d11")
"""The namespace of the ids under which mail of unknown references is told of: one a day, however many come."""


def reply(answer: Answer, message: Message | None, desk: Desk) -> Effect:
    """File what somebody wrote with the enquiry that it is about; a facilitator's words are a note there.

    Where it cannot be filed, such as for a prison number in it, or where a message of ours is answered that is about no
    enquiry, somebody is asked to read it in the mailbox. Raises ServiceAway.
    """
    reference = _reference(answer, message, desk.store)
    filed = Effect(Outcome.FILED, message.id if message else None, reference)
    if _is_to_us(message):
        return filed.with_outcome(Outcome.COUNTED)
    if reference is None:
        return filed.with_outcome(Outcome.UNMATCHED) if message is None else _to_be_read(filed, message, is_known=True)
    try:
        if _is_a_facilitators(message):
            words = words_of(answer.said, answer.subject, "(A facilitator wrote this, by mail.)")
            desk.ask("enquiries", "add_note", reference=reference, words=words, **_once(answer))
        else:
            words = words_of(answer.said, answer.subject, _who_else(answer, reference, desk))
            desk.ask("enquiries", "log_answer", reference=reference, words=words, **_once(answer))
    except Refused as refused:
        return _to_be_read(filed, message, is_known=refused.code != "not_found")
    except ServiceAway:
        if desk.may_ask:
            raise
        return _to_be_read(filed, message, is_known=True)
    return filed


def automatic(answer: Answer, message: Message | None, desk: Desk) -> Effect:
    """Keep a short note of what an automatic answer says. It is nobody's word: no clock minds it, nothing is sent.

    Raises ServiceAway.
    """
    reference = _reference(answer, message, desk.store)
    counted = Effect(Outcome.COUNTED, message.id if message else None, reference)
    if reference is None or _is_a_facilitators(message) or _is_to_us(message) or _was_noted(desk.store, reference):
        return counted
    try:
        words = note_of(answer.said, answer.subject)
        desk.ask("enquiries", "add_note", reference=reference, words=words, **_once(answer))
    except Refused:
        return counted
    except ServiceAway:
        if desk.may_ask:
            raise
        return counted
    return counted.with_outcome(Outcome.NOTED)


def _reference(answer: Answer, message: Message | None, store: Store) -> str | None:
    """Give the enquiry by the message that was answered, or else as the mail names it, or as all of a digest is of."""
    if message is None:
        return answer.reference
    return about_of(message) or answer.reference or _only_one_told(message, store)


def _only_one_told(digest: Message, store: Store) -> str | None:
    """Give the enquiry that a digest tells of; None where it tells of several, and for what is no digest."""
    with store.database.reading() as connection:
        rows = connection.execute(select(messages).where(messages.c.told_in == digest.id)).all()
    found = {about_of(message_of(row)) for row in rows}
    return found.pop() or None if len(found) == 1 else None


def _is_to_us(message: Message | None) -> bool:
    return message is not None and message.recipient == OPS


def _is_a_facilitators(message: Message | None) -> bool:
    return message is not None and message.recipient.startswith("facilitator:")


def _who_else(answer: Answer, reference: str, desk: Desk) -> str:
    """Say who wrote, where it is not the contact: anybody may who has the reference."""
    contact = desk.ask("enquiries", "get_enquiry", reference=reference)["contact"]
    known = normalise_address(contact["email"] or "")
    return (
        "" if answer.sender == known else f"(Written by {answer.sender or 'somebody'}, not from the contact's address.)"
    )


def _once(answer: Answer) -> dict[str, Any]:
    return {"actor": BY, "idempotency_key": answer.mark}


def _was_noted(store: Store, reference: str) -> bool:
    same = (answers_read.c.kind == Kind.AUTOMATIC.value) & (answers_read.c.about == reference)
    lately = answers_read.c.read_at > store.clock() - ONE_NOTE_IN
    noted = select(answers_read.c.id).where(same, lately, answers_read.c.outcome == Outcome.NOTED.value).limit(1)
    with store.database.reading() as connection:
        return connection.execute(noted).first() is not None


def _to_be_read(filed: Effect, message: Message | None, *, is_known: bool) -> Effect:
    """Have somebody read it in the mailbox: they are told which enquiry it is about, and none of its words."""
    kind = "facilitator" if _is_a_facilitators(message) else "contact"

    def tell(work: UnitOfWork, row: UUID) -> None:
        subject = row if is_known else uuid5(_UNKNOWN, work.now.date().isoformat())
        about = (filed.about or "") if is_known else ""
        event = MessageUnsettled(subject, "reply", about, kind, UNREAD, work.now)
        work.record(event, subject=str(subject), sequence=1)

    return filed.with_outcome(Outcome.NOT_FILED, tell)
