"""Letting go of people: what waits for them is never sent, and the mail kept on this machine is removed.

The ledger names a recipient by an enquiry's reference or a facilitator's id and holds none of their words, so its rows
stay. Who they are is asked at the moment of sending, and of somebody erased nobody gives an address: what comes late
brings nothing back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from services.notifications.channels.base import Channel
from services.notifications.channels.maildir import MaildirChannel, MailNotFound
from services.notifications.domain.holding_back import ERASED, is_nobodys, unreachable
from services.notifications.domain.messages import MessageState
from services.notifications.domain.occasions import OPS, enquirer, facilitator
from services.notifications.domain.statements import TOLD_BY_HAND
from services.notifications.handlers.entering import hold_back
from services.notifications.handlers.preferences import forget
from services.notifications.handlers.resending import WHY_AGAIN
from services.notifications.handlers.suppressions import forget as forget_held_back
from services.notifications.queries.suppressions import suppressions_of
from services.notifications.tables import messages, preferences, suppressions
from shared.contracts.enquiries import PersonErased
from shared.contracts.scheduling import FacilitatorErased
from shared.errors import Refused
from shared.messaging.housekeeping import wipe_after
from shared.persistence.commands import forget_answers
from shared.persistence.types import AnyRow
from shared.persistence.work import Store, UnitOfWork

REMOVE_MAIL = "remove_mail"
"""The kind of the jobs that remove an erased person's mail from this machine.

A subject is the reference of an enquiry, or a facilitator as recipients name them.
"""
FORGET_OLD_MAIL = "forget_old_mail"
"""The kind of the job that removes mail that has had its time."""
FORGET_FACILITATORS = "forget_erased_facilitators"
"""The kind of the job that looks each night for facilitators who were erased: what was kept since is let go too."""
MAIL_KEPT_FOR = timedelta(days=730)
"""Source: domain notes, section 4, "message bodies 24 months"."""
LOOK_AGAIN = timedelta(seconds=10)
"""When to look again for a message that was on its way."""


def when_person_erased(work: UnitOfWork, event: PersonErased) -> None:
    """Hold back at once all that waits for an erased person, and have the mail that is kept of theirs removed.

    Where somebody else is the contact by now, what waits is for them. Who that is, is asked when it is sent.
    """
    alone = event.references if event.nobody_left is None else event.nobody_left
    names = [*(f"contact:{each}" for each in event.person_ids), *map(enquirer, event.references)]
    hold_back(work, _theirs(alone), unreachable("erased"))
    _let_go(work, event.references, names, [*event.references, *map(str, event.person_ids)])


def when_facilitator_erased(work: UnitOfWork, event: FacilitatorErased) -> None:
    """Hold back at once all that waits for an erased facilitator, and have the mail that is kept of theirs removed."""
    name = facilitator(str(event.facilitator_id))
    hold_back(work, _theirs([name]), ERASED)
    _let_go(work, [name], [name], [str(event.facilitator_id)])


def _let_go(work: UnitOfWork, people: Iterable[str], names: Collection[str], ids: Iterable[str]) -> None:
    """Forget what is kept of people: `names` are who they are in preferences, `ids` what answers are kept under."""
    _blot_out_what_was_said(work, people)
    forget_answers(work.connection, work.tables.answers, ids)
    forget(work, names)
    forget_held_back(work, names)
    for each in people:
        work.schedule(REMOVE_MAIL, each, work.now)
    wipe_after(work)


def _blot_out_what_was_said(work: UnitOfWork, people: Iterable[str]) -> None:
    """Take out what operators wrote of the messages to somebody: why one was settled by hand, or sent again."""
    may_be = messages.c.state.in_([MessageState.ACCEPTED.value, MessageState.FAILED.value])
    settled = _theirs(people) & may_be & messages.c.why.is_not(None) & (messages.c.template != TOLD_BY_HAND)
    work.connection.execute(update(messages).where(settled).values(why=None))
    again = select(messages).where(_theirs(people), messages.c.resend_of.is_not(None))
    for row in work.connection.execute(again).all():
        facts = {name: value for name, value in row.facts.items() if name != WHY_AGAIN}
        work.connection.execute(update(messages).where(messages.c.id == row.id).values(facts=facts))


def forget_erased_facilitators(store: Store, call: Callable[..., Any]) -> int:
    """Let go of what is kept of facilitators who were erased, by asking who owns them; give how many those were.

    That is how they wish to be written to, and that their address turned mail down. Most of it goes when the erasure is
    heard of; this finds what somebody noted after that, such as on a page that was still open, or what was erased
    before it was told. Raises `Refused` where scheduling cannot be asked just now.
    """
    with store.database.reading() as connection:
        gone = [person for person in _facilitators_kept(connection) if _is_erased(person, call)]
    if gone:
        with store.work() as work:
            forget(work, gone)
            forget_held_back(work, gone)
            wipe_after(work)
    return len(gone)


def _facilitators_kept(connection: Connection) -> list[str]:
    chose = select(preferences.c.person).where(preferences.c.person.startswith("facilitator:"))
    came_back = select(messages.c.recipient).join(suppressions, suppressions.c.message == messages.c.id)
    theirs = came_back.where(messages.c.recipient.startswith("facilitator:"))
    return sorted(connection.scalars(chose.union(theirs)))


def _is_erased(person: str, call: Callable[..., Any]) -> bool:
    try:
        found = call("scheduling", "get_facilitator", facilitator=person.partition(":")[2])
    except Refused as refused:
        if refused.code != "not_found":
            raise
        return True
    return is_nobodys(found["email"])


def remove_mail(store: Store, channel: Channel, people: Sequence[str]) -> int:
    """Remove the mail of erased people from this machine; give how many mails there were. Safe to repeat.

    Where one of their messages is on its way just now, another look is due shortly.
    """
    if not isinstance(channel, MaildirChannel):
        return 0  # sent by SMTP: nothing of it is kept here
    with store.database.reading() as connection:
        rows = connection.execute(select(messages).where(_theirs(people))).all()
        digests = connection.scalars(select(messages.c.message_id).where(_tells_theirs(people))).all()
    removed = sum(channel.remove(each) for each in (*(row.message_id for row in rows), *digests))
    on_their_way = {_whose(row) for row in rows if row.state == MessageState.SENDING.value}
    if on_their_way:
        with store.work() as work:
            for each in sorted(on_their_way):
                work.schedule(REMOVE_MAIL, each, work.now + LOOK_AGAIN)
    return removed


def forget_old_mail(store: Store, channel: Channel) -> int:
    """Remove mail from this machine that has had its time; give how many mails that were."""
    if not isinstance(channel, MaildirChannel):
        return 0
    return channel.remove_before(store.clock() - MAIL_KEPT_FOR)


def held_on(
    connection: Connection, channel: Channel, references: Sequence[str], person_ids: Sequence[str] = ()
) -> dict[str, Any]:
    """Give all that is held on the sender of enquiries.

    That is messages (the ledger's rows), mails (as they were sent), preferences (how they wish to be written to) and
    suppressions (that an address of theirs turned mail down for good).
    """
    query = select(messages).where(_theirs(references)).order_by(messages.c.due_at, messages.c.id)
    rows = connection.execute(query).all()
    digests = connection.execute(select(messages).where(_tells_theirs(references)).order_by(messages.c.id)).all()
    names = [*(f"contact:{each}" for each in person_ids), *map(enquirer, references)]
    chosen = connection.execute(select(preferences).where(preferences.c.person.in_(names))).all()
    told = {"messages": [_plain(row) for row in rows], "mails": list(_mails(channel, [*rows, *digests]))}
    held_back = suppressions_of(connection, names)
    return {**told, "preferences": [_plain(row) for row in chosen], "suppressions": held_back}


def _theirs(people: Iterable[str]) -> ColumnElement[bool]:
    """Give the condition that a message is to somebody, or tells the ops team of them.

    People are named by the references of their enquiries; facilitators as recipients are.
    """
    named = [each.partition(":") for each in people]
    recipients = [facilitator(key) if key else enquirer(first) for first, _colon, key in named]
    told_of = [facilitator(key) if key else f"enquiry:{first}" for first, _colon, key in named]
    return messages.c.recipient.in_(recipients) | ((messages.c.recipient == OPS) & messages.c.subject_ref.in_(told_of))


def _tells_theirs(people: Iterable[str]) -> ColumnElement[bool]:
    """Give the condition that a message is a digest which tells one of theirs."""
    return messages.c.id.in_(select(messages.c.told_in).where(_theirs(people), messages.c.told_in.is_not(None)))


def _whose(row: AnyRow) -> str:
    """Name whom a message is to or of, as `_theirs` takes it."""
    kind, _colon, key = str(row.subject_ref if row.recipient == OPS else row.recipient).partition(":")
    return facilitator(key) if kind == "facilitator" else key


def _mails(channel: Channel, rows: Iterable[AnyRow]) -> Iterable[dict[str, Any]]:
    if not isinstance(channel, MaildirChannel):
        return
    for row in rows:
        try:
            yield channel.read(row.message_id)
        except MailNotFound:
            continue


def _plain(row: AnyRow) -> dict[str, Any]:
    told = {name: value for name, value in row._mapping.items() if value is not None}
    return {
        name: value.isoformat() if isinstance(value, datetime | time) else _text(value) for name, value in told.items()
    }


def _text(value: Any) -> Any:
    return value if isinstance(value, str | int | dict) else str(value)
