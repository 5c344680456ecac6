"""Taking an answer by mail: each takes effect once, and its mark is kept in the transaction of the effect.

Other services are asked before that, in no transaction. Where one cannot be asked the mail waits, and is read again;
after a day it is done without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from services.notifications.domain.answers import Answer, Kind
from services.notifications.domain.messages import Message
from services.notifications.handlers.answering import GIVE_UP_AFTER, Desk, Effect, Outcome, ServiceAway
from services.notifications.handlers.replies import automatic, reply
from services.notifications.handlers.reports import complaint, report
from services.notifications.tables import answers_read, message_of, messages
from shared.messaging.housekeeping import remove_old
from shared.observability import metrics
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import Store, UnitOfWork

KEPT_FOR = timedelta(days=90)
"""How long it is known of a mail that it was read: longer than any mailbox is left unread."""

_HANDLERS: Mapping[Kind, Callable[[Answer, Message | None, Desk], Effect]] = {
    Kind.REPORT: report,
    Kind.COMPLAINT: complaint,
    Kind.AUTOMATIC: automatic,
    Kind.REPLY: reply,
}


def take(answer: Answer, desk: Desk) -> Outcome:
    """Let a mail take effect, once, and say what became of it."""
    message = _message_of(answer, desk.store)
    try:
        effect = _effect_of(answer, message, desk)
    except ServiceAway:
        if _may_wait(answer, desk.store):
            return Outcome.WAITING
        effect = _effect_of(answer, message, replace(desk, may_ask=False))
    with desk.store.work() as work:
        outcome = _keep(work, answer, effect)
    metrics.answer_read(answer.kind.value, outcome.value)
    return outcome


def forget_old(store: Store) -> int:
    """Let go of what is known of mails that were read long ago; give how many those were."""
    return remove_old(store, answers_read, answers_read.c.id, answers_read.c.read_at < store.clock() - KEPT_FOR)


def _effect_of(answer: Answer, message: Message | None, desk: Desk) -> Effect:
    handle = _HANDLERS.get(answer.kind)
    if handle is not None:
        return handle(answer, message, desk)
    return Effect(Outcome.UNMATCHED if answer.kind is Kind.UNREADABLE else Outcome.COUNTED)


def _message_of(answer: Answer, store: Store) -> Message | None:
    """Give the message that a mail is about: the one its envelope names, or else the first whose id it repeats."""
    with store.database.reading() as connection:
        if answer.token is not None and (found := _one(connection, messages.c.id == answer.token)) is not None:
            return found
        named = (_one(connection, messages.c.message_id == each) for each in answer.ids)
        return next((message for message in named if message is not None), None)


def _one(connection: Connection, which: ColumnElement[bool]) -> Message | None:
    row = connection.execute(select(messages).where(which)).first()
    return None if row is None else message_of(row)


def _may_wait(answer: Answer, store: Store) -> bool:
    """Note that a mail waits, unless that is noted already, and say whether it may do so for longer."""
    with store.work() as work:
        insert_or_leave(work.connection, answers_read, _row(work, answer, Effect(Outcome.WAITING)))
        waits = (answers_read.c.mark == answer.mark) & (answers_read.c.outcome == Outcome.WAITING.value)
        since = work.connection.scalar(select(answers_read.c.read_at).where(waits))
        return since is not None and work.now - since < GIVE_UP_AFTER


def _keep(work: UnitOfWork, answer: Answer, effect: Effect) -> Outcome:
    """Keep a mail's mark and let it take effect, unless it has done so before; give what became of it."""
    row = _row(work, answer, effect)
    if not insert_or_leave(work.connection, answers_read, row):
        mine = answers_read.c.mark == answer.mark
        known = work.connection.execute(select(answers_read).where(mine).with_for_update()).one()
        if known.outcome != Outcome.WAITING.value:
            return Outcome(known.outcome)
        row["id"] = known.id
        work.connection.execute(update(answers_read).where(mine).values(row))
    outcome = effect.act(work, row["id"]) or effect.outcome
    if outcome is not effect.outcome:
        this = answers_read.c.id == row["id"]
        work.connection.execute(update(answers_read).where(this).values(outcome=outcome.value))
    return outcome


def _row(work: UnitOfWork, answer: Answer, effect: Effect) -> dict[str, Any]:
    return {
        "id": work.new_id(),
        "mark": answer.mark,
        "kind": answer.kind.value,
        "message": effect.message,
        "about": effect.about,
        "outcome": effect.outcome.value,
        "read_at": work.now,
    }
