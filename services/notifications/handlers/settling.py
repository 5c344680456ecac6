"""How a message comes to its end: what follows from it, what is heard of it later, and what an operator says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, update

from services.notifications.domain.alerts import is_to_the_team
from services.notifications.domain.digests import DIGEST
from services.notifications.domain.messages import CAME_BACK, UNSETTLED, Message, MessageCannotBecome, MessageState
from services.notifications.domain.occasions import OPS
from services.notifications.domain.reasons import read_reason
from services.notifications.queries.lost_digests import settled_by
from services.notifications.queries.messages import first_of, resends_of
from services.notifications.tables import SEND_MESSAGES, message_of, message_row, messages
from shared.contracts.notifications import MessageAccepted, MessageUnsettled, RecipientBounced
from shared.errors import Refused
from shared.persistence.work import UnitOfWork

S = MessageState
CONTACT, FACILITATOR = "contact", "facilitator"
TO_CALL = "to_call"
"""Somebody prefers a call to a mail: see `MessageUnsettled`."""


def follow_up(
    work: UnitOfWork, was: MessageState, message: Message, *, bounced: bool = False, untold: str | None = None
) -> None:
    """Do what follows from a message that was in one state and is in another now.

    `bounced`: its recipient's address was turned down for good. `untold` is why somebody has to see to it although its
    own state does not say so: "to_call", or "failed" for what is urgent and could not be sent to anybody.
    """
    if message.state is S.SCHEDULED:
        work.schedule(SEND_MESSAGES, str(message.id), message.next_attempt_at)
    if message.state is S.ACCEPTED or (message.state is S.DELIVERED and message.accepted_at is None):
        tell_accepted(work, message)
    if (bounced or untold or message.state in UNSETTLED) and not _is_told_of(work, was, message):
        _tell_untold(work, message, S.BOUNCED.value if bounced else untold or message.state.value)
    if bounced:
        _tell_bounced(work, message)


def settle(
    work: UnitOfWork, message_id: UUID, state: MessageState, why: str | None = None, *, address_gone: bool = True
) -> Message | None:
    """Note what is heard of a message later: `delivered`, or `bounced` with why.

    `address_gone`: whether it came back because of the address, and not, say, because its mailbox was full. Gives the
    message as it is then. None where none has this id, or where it is in a state that does not lead there, such as one
    that has been heard of before.
    """
    row = work.connection.execute(select(messages).where(messages.c.id == message_id).with_for_update()).first()
    if row is None:
        return None
    message = message_of(row)
    try:
        now = message.bounced(work.now, why or f"{CAME_BACK}.") if state is S.BOUNCED else message.delivered(work.now)
    except MessageCannotBecome:
        return None
    save(work, now)
    follow_up(work, message.state, now, bounced=state is S.BOUNCED and address_gone)
    return now


def settle_message(work: UnitOfWork, message_id: UUID, state: str, reason: str, *, actor: str) -> Message:
    """Note what an operator found out of a message of which nobody could say whether it arrived.

    `state` is "accepted" or "failed". Raises `Refused`: "not_found", "invalid", or "refused" where it is not unknown.
    """
    why = f"{read_reason(reason)} ({actor})"
    if state not in {S.ACCEPTED.value, S.FAILED.value}:
        words = "Say accepted, where it arrived, or failed, where it did not."
        raise Refused("invalid", words, {"state": [words]})
    message = the_message(work, message_id)
    if message.state is not S.UNKNOWN:
        words = f"It is {message.state.value}: only what is unknown can be settled by hand."
        raise Refused("refused", words)
    settled = message.accepted(work.now, why) if state == S.ACCEPTED.value else message.refused(why)
    save(work, settled)
    follow_up(work, message.state, settled)
    return settled


def the_message(work: UnitOfWork, message_id: UUID) -> Message:
    """Give a message and hold its row until the work ends. Raises `Refused("not_found")`."""
    row = work.connection.execute(select(messages).where(messages.c.id == message_id).with_for_update()).first()
    if row is None:
        raise Refused("not_found", f"No message has the id {message_id}.")
    return message_of(row)


def save(work: UnitOfWork, message: Message) -> None:
    """Save a message whose row is held."""
    work.connection.execute(update(messages).where(messages.c.id == message.id).values(message_row(message)))


def about_of(message: Message) -> str:
    """Give the reference of the enquiry that a message concerns, or "" where there is none."""
    for named in (message.subject_ref, message.recipient):
        kind, _colon, key = named.partition(":")
        if kind in {"enquiry", "enquirer"}:
            return key
    return str(message.facts.get("enquiry", ""))


def _tell_untold(work: UnitOfWork, message: Message, state: str) -> None:
    kind, about = _kind_of(message.recipient), _about(work, message)
    event = MessageUnsettled(message.id, message.template, about, kind, state, work.now, *session_of(message))
    work.record(event, subject=str(message.id), sequence=_place(message))


def _tell_bounced(work: UnitOfWork, message: Message) -> None:
    about = _about(work, message)
    if about and _kind_of(message.recipient) == CONTACT:
        event = RecipientBounced(message.id, about, work.now)
        work.record(event, subject=str(message.id), sequence=_place(message) + 1)


def _place(message: Message) -> int:
    """Give the place, among the events of a message, of what is told after it was accepted, or in place of that."""
    return 1 if message.accepted_at is None else 2


def _about(work: UnitOfWork, message: Message) -> str:
    """Give the reference as `about_of` does; of a digest it is that of the first message which it tells."""
    if message.template != DIGEST:
        return about_of(message)
    told = select(messages).where(messages.c.told_in == message.id).order_by(messages.c.due_at, messages.c.id).limit(1)
    row = work.connection.execute(told).first()
    return about_of(message if row is None else message_of(row))


def _kind_of(recipient: str) -> str:
    if recipient == OPS:
        return OPS
    return FACILITATOR if recipient.startswith("facilitator:") else CONTACT


def session_of(message: Message) -> tuple[int | None, date | None]:
    """Give the number and the date of the session that a message is about; None where it is about none, or several."""
    session = message.facts.get("session")
    if not isinstance(session, Mapping):
        return None, None
    return session["number"], date.fromisoformat(session["date"])


def tell_accepted(work: UnitOfWork, message: Message, instead_of: Sequence[UUID] = ()) -> None:
    """Tell that a message was taken, also in the place of others: see `MessageAccepted`; `instead_of` are more of them.

    Those are what it was sent again for, and digests that were lost and of which it tells the last that was left.
    """
    lost_digests = settled_by(work.connection, message)
    in_its_place = tuple(dict.fromkeys((*_sent_again_for(work, message), *lost_digests, *instead_of)))
    kind, _colon, reference = message.subject_ref.partition(":")
    event = MessageAccepted(
        message_id=message.id,
        template=message.template,
        about=reference if kind == "enquiry" else str(message.facts.get("enquiry", "")),
        accepted_at=message.accepted_at or work.now,
        instead_of=in_its_place or None,
    )
    work.record(event, subject=str(message.id), sequence=1)


def _sent_again_for(work: UnitOfWork, message: Message) -> list[UUID]:
    """Give the first message of which one was sent again, and those that were sent in its place in between."""
    if message.resend_of is None:
        return []
    first = first_of(work.connection, message.resend_of)
    later = (row.id for row in resends_of(work.connection, first))
    return [first, *(each for each in later if each != message.id)]


def _is_told_of(work: UnitOfWork, was: MessageState, message: Message) -> bool:
    """Say whether a task tells of it already: that it was unknown, or that somebody was not reminded of its session.

    After an outage that is one task for each person and session, however many reminders came too late. An alert to the
    team's own tools is never a task: whoever reads it reads the mail that goes beside it.
    """
    if was is S.UNKNOWN or is_to_the_team(message.recipient):
        return True
    if message.state is not S.MISSED or "session" not in message.facts:
        return False
    same = (messages.c.recipient == message.recipient) & (messages.c.subject_ref == message.subject_ref)
    missed = (messages.c.template == message.template) & (messages.c.state == S.MISSED.value)
    others = work.connection.scalars(select(messages.c.facts).where(same, missed, messages.c.id != message.id))
    session = message.facts["session"]["id"]
    return any(facts.get("session", {}).get("id") == session for facts in others)
