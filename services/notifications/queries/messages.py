"""The read side of the message ledger: SQL in, plain data out. Nobody is named but by kind and id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, select

from services.notifications.domain.digests import DIGEST
from services.notifications.domain.messages import SENT_AGAIN, MessageState
from services.notifications.domain.reminders import follows_from
from services.notifications.tables import message_of, messages
from shared.errors import Refused
from shared.persistence.types import AnyRow

DUE = "due"
"""What a message is shown as that waits although its time has come."""
STATES = (DUE, *(state.value for state in MessageState))
_ON_ITS_WAY = frozenset({"scheduled", "sending", "accepted", "delivered"})
_WAITING = (DUE, MessageState.SCHEDULED.value)


@dataclass(frozen=True, slots=True)
class MessagesWanted:
    """Which messages are asked for; None means all.

    `subject` is what they are about, such as `run:ID`; `since` and `until` bound when they are or were due.
    """

    state: str | None = None
    occasion: str | None = None
    template: str | None = None
    subject: str | None = None
    recipient: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def condition(self, now: datetime) -> ColumnElement[bool]:
        """Give it in SQL. Raises `Refused("invalid")` for a state that there is not."""
        wanted = {
            messages.c.occasion: self.occasion,
            messages.c.template: self.template,
            messages.c.subject_ref: self.subject,
            messages.c.recipient: self.recipient,
        }
        conditions = [column == value for column, value in wanted.items() if value is not None]
        if self.state is not None:
            conditions.append(_in_state(self.state, now))
        if self.since is not None:
            conditions.append(messages.c.due_at >= self.since)
        if self.until is not None:
            conditions.append(messages.c.due_at < self.until)
        return and_(True, *conditions)


def list_messages(connection: Connection, wanted: MessagesWanted, *, limit: int, now: datetime) -> list[dict[str, Any]]:
    """List the ledger by due time: what was due until now, the newest first; then what is to come, the soonest first.

    Where only what waits is asked for, or the days of it, all of it comes the soonest first.
    """
    soonest_first = wanted.state in _WAITING or wanted.since is not None or wanted.until is not None
    query = select(messages).where(wanted.condition(now))
    coming = query.order_by(messages.c.due_at, messages.c.id)
    if soonest_first:
        return [_line(row, now) for row in connection.execute(coming.limit(limit))]
    # Two questions, each answered along the index: to sort the whole ledger for one page takes far longer.
    past = query.where(messages.c.due_at <= now).order_by(messages.c.due_at.desc(), messages.c.id)
    found = list(connection.execute(past.limit(limit)))
    if len(found) < limit:
        found += connection.execute(coming.where(messages.c.due_at > now).limit(limit - len(found)))
    return [_line(row, now) for row in found]


def get_message(connection: Connection, message_id: UUID, now: datetime) -> dict[str, Any]:
    """Give all that is known of one message. Raises `Refused("not_found")`.

    `resends` are those that were sent in its place, or in whose place it was sent, the first of all at the beginning;
    `digest` is the one that tells or told it, `tells` are the messages that this one, a digest, tells or told.
    """
    row = connection.execute(select(messages).where(messages.c.id == message_id)).first()
    if row is None:
        raise Refused("not_found", f"No message has the id {message_id}. `keytalk messages list --ids` shows them.")
    digest = connection.execute(select(messages).where(messages.c.id == row.told_in)).first() if row.told_in else None
    again = _resends(connection, row)
    told = select(messages).where(messages.c.told_in == row.id).order_by(messages.c.due_at, messages.c.id)
    return _line(row, now) | {
        "version": row.version,
        "urgency": row.urgency,
        "person": row.person,
        "claimed_at": _iso(row.claimed_at),
        "answered_at": _iso(row.answered_at),
        "useful_until": _iso(row.useful_until),
        "template_version": row.template_version,
        "correlation_id": row.correlation_id,
        "facts": row.facts,
        "resend_of": str(row.resend_of) if row.resend_of else None,
        "resends": [_line(each, now) for each in again],
        "digest": _line(digest, now) if digest is not None else None,
        "tells": [_line(each, now) for each in connection.execute(told)],
        "may_be_sent_again": _may_be_sent_again(row, again),
        "may_be_settled": row.state == MessageState.UNKNOWN.value,
    }


def first_of(connection: Connection, message_id: UUID) -> UUID:
    """Give the id of the message in whose place one was sent; its own where it was not."""
    first = message_id
    while (before := connection.scalar(select(messages.c.resend_of).where(messages.c.id == first))) is not None:
        first = before
    return first


def resends_of(connection: Connection, first: UUID) -> list[AnyRow]:
    """Give the messages that were sent in the place of one, in the order in which that was."""
    found: list[AnyRow] = []
    ids = {first}
    while ids:
        rows = connection.execute(select(messages).where(messages.c.resend_of.in_(ids)).order_by(messages.c.id)).all()
        found.extend(rows)
        ids = {row.id for row in rows}
    return found


def count_waiting(connection: Connection, after: datetime) -> int:
    """Count the messages that wait for a later time than `after`."""
    waiting = (messages.c.state == MessageState.SCHEDULED.value) & (messages.c.next_attempt_at > after)
    return int(connection.scalar(select(func.count()).select_from(messages).where(waiting)) or 0)


def _resends(connection: Connection, row: AnyRow) -> list[AnyRow]:
    first = first_of(connection, row.id)
    later = resends_of(connection, first)
    return [connection.execute(select(messages).where(messages.c.id == first)).one(), *later] if later else []


def _may_be_sent_again(row: AnyRow, again: list[AnyRow]) -> bool:
    """Say whether an operator may have it sent again; of a digest it is what was in it."""
    lost = row.template != DIGEST and row.state in {state.value for state in SENT_AGAIN}
    return lost and not _stands_elsewhere(again, row)


def _stands_elsewhere(again: list[AnyRow], row: AnyRow) -> bool:
    """Say whether another one in its place has got through, or may still."""
    return any(each.state in _ON_ITS_WAY for each in again if each.id != row.id)


def _line(row: AnyRow, now: datetime) -> dict[str, Any]:
    waits = row.state == MessageState.SCHEDULED.value
    is_due = waits and (row.next_attempt_at <= now or _was_in_vain(row, now))
    return {
        "id": str(row.id),
        "recipient": row.recipient,
        "occasion": row.occasion,
        "follows_from": follows_from(message_of(row)),
        "template": row.template,
        "subject": row.subject_ref,
        "state": DUE if is_due else row.state,
        "why": row.why,
        "due_at": row.due_at.isoformat(),
        "accepted_at": _iso(row.accepted_at),
        "attempts": row.attempts,
        "next_attempt_at": _iso(row.next_attempt_at) if waits else None,
        "message_id": row.message_id,
    }


def _was_in_vain(row: AnyRow, now: datetime) -> bool:
    """Say whether it was due, was tried and could not be sent: it waits for the next attempt, not for its time."""
    return bool(row.attempts > 0 and row.due_at <= now and row.told_in is None)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _in_state(text: str, now: datetime) -> ColumnElement[bool]:
    if text not in STATES:
        why = f"There is no state '{text}'. Choose from: {', '.join(STATES)}."
        raise Refused("invalid", why, {"state": [why]})
    scheduled = messages.c.state == MessageState.SCHEDULED.value
    was_in_vain = (messages.c.attempts > 0) & (messages.c.due_at <= now) & messages.c.told_in.is_(None)
    is_due = (messages.c.next_attempt_at <= now) | was_in_vain
    if text == DUE:
        return scheduled & is_due
    if text == MessageState.SCHEDULED.value:
        return scheduled & ~is_due
    return messages.c.state == text
