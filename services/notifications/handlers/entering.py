"""Entering messages into the ledger, and letting a newer one take an older one's place."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import ColumnElement, select, update

from services.notifications.domain.messages import Message, MessageState
from services.notifications.tables import SEND_MESSAGES, message_of, message_row, messages
from shared.holidays import bank_holidays_of
from shared.messaging.envelope import LONGEST
from shared.observability.context import correlation_id
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

_WAITING = messages.c.state == MessageState.SCHEDULED.value


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of the ledger: messages that were entered to be sent, and those that waited and were withdrawn."""

    entered: list[Message] = field(default_factory=list)
    withdrawn: list[Message] = field(default_factory=list)


_noted: ContextVar[Noted | None] = ContextVar("noted", default=None)


def our_holidays() -> Container[date]:
    """Give the days on which our own office is closed; it lies in England."""
    return bank_holidays_of("england-and-wales")


def enter(work: UnitOfWork, drafts: Iterable[Message]) -> None:
    """Enter messages; one whose key is in the ledger already is there for good. Only those that wait are sent."""
    for draft in drafts:
        traceable = replace(draft, correlation_id=_correlation())
        is_new = insert_or_leave(work.connection, messages, message_row(traceable))
        if is_new and draft.state is MessageState.SCHEDULED:
            work.schedule(SEND_MESSAGES, str(draft.id), draft.next_attempt_at)
            if noted := _noted.get():
                noted.entered.append(traceable)


def enter_newest(work: UnitOfWork, drafts: Iterable[Message], why: str) -> None:
    """Enter messages of which only the newest version counts, in whatever order they come.

    One of which a newer version is in the ledger is left out; older ones that still wait are superseded.
    """
    for draft in drafts:
        same = (messages.c.recipient == draft.recipient) & (messages.c.occasion == draft.occasion)
        newer = select(messages.c.id).where(same, messages.c.version > draft.version)
        if work.connection.execute(newer).first() is None:
            supersede(work, same & (messages.c.version < draft.version), why)
            enter(work, [draft])


def supersede(work: UnitOfWork, which: ColumnElement[bool], why: str) -> int:
    """Withdraw the messages that still wait, as newer news says otherwise; give how many those were."""
    return _withdraw(work, which, lambda message: message.superseded(why))


def hold_back(work: UnitOfWork, which: ColumnElement[bool], why: str) -> int:
    """Withdraw the messages that still wait, as nobody is there to read them; give how many those were."""
    return _withdraw(work, which, lambda message: message.suppressed(why))


@contextmanager
def noting() -> Iterator[Noted]:
    """Note what becomes of the ledger in the block, for who looks ahead: to compare all that waits takes long."""
    noted = Noted()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def _withdraw(work: UnitOfWork, which: ColumnElement[bool], becomes: Callable[[Message], Message]) -> int:
    # One that is on its way may be out already: only those that wait.
    waiting = work.connection.execute(select(messages).where(which, _WAITING).with_for_update()).all()
    withdrawn = [becomes(message_of(row)) for row in waiting]
    for each in withdrawn:
        work.connection.execute(update(messages).where(messages.c.id == each.id).values(message_row(each)))
    if noted := _noted.get():
        noted.withdrawn.extend(withdrawn)
    return len(withdrawn)


def _correlation() -> str | None:
    """Name what the work in hand follows from. Another publisher's name for it may be longer than the column."""
    given = correlation_id.get()
    return str(given)[:LONGEST] if given else None
