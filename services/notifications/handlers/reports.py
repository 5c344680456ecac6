"""What a report of a mail server, or of a provider, brings about.

Anybody can write a report, so it is believed where it came to the address that only the one message went out with
(VERP), or where it names the address that the message was for. An address is held back only where it is named so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.notifications.domain.answers import Answer
from services.notifications.domain.bounces import Fate, Report
from services.notifications.domain.digests import DIGEST
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import OPS
from services.notifications.domain.suppressing import normalise_address
from services.notifications.handlers.answering import BY, Desk, Effect, Outcome, ServiceAway, about
from services.notifications.handlers.digests import let_follow
from services.notifications.handlers.preferences import change
from services.notifications.handlers.settling import settle
from services.notifications.handlers.suppressions import suppress
from services.notifications.queries.preferences import preferences_of
from shared.persistence.work import UnitOfWork

_GRAVEST_FIRST = (Fate.FAILED, Fate.COMPLAINED, Fate.DELIVERED, Fate.DELAYED, Fate.PASSED_ON)
_TELLING = frozenset({Fate.FAILED, Fate.DELIVERED})


def report(answer: Answer, message: Message | None, desk: Desk) -> Effect:
    """Settle the message that a report is about. A delay settles nothing. Raises ServiceAway."""
    if message is None:
        return Effect(Outcome.UNMATCHED)
    if not any(each.fate in _TELLING for each in answer.reports):
        return about(message)
    address = _address_of(message, desk)
    believed = _of_address(answer.reports, address)
    if believed is None and answer.token == message.id:
        # Such as of an address that theirs is forwarded to: it did not arrive, and theirs may be well.
        believed = replace(_gravest(answer.reports), about_mailbox=False)
    if believed is None:
        return about(message, Outcome.NOT_BELIEVED)
    if believed.fate is Fate.DELIVERED:
        return about(message).with_outcome(Outcome.DELIVERED, lambda work, _id: _delivered(work, message))
    if believed.fate is not Fate.FAILED:
        return about(message)
    gone = address if believed.about_mailbox and message.recipient != OPS else None
    return about(message).with_outcome(
        Outcome.BOUNCED, lambda work, _id: _bounced(work, message, believed.why, gone, desk.keys)
    )


def complaint(answer: Answer, message: Message | None, desk: Desk) -> Effect:
    """Write to somebody who called a message unwanted only of what they must know. Raises ServiceAway."""
    if message is None:
        return Effect(Outcome.UNMATCHED)
    if message.recipient == OPS:
        return about(message)
    if answer.token != message.id and _of_address(answer.reports, _address_of(message, desk)) is None:
        return about(message, Outcome.NOT_BELIEVED)
    return about(message).with_outcome(Outcome.COMPLAINED, lambda work, _id: _less_to(work, message))


def _address_of(message: Message, desk: Desk) -> str | None:
    try:
        return desk.address_of(message)
    except ServiceAway:
        if desk.may_ask:
            raise
        return None


def _of_address(reports: Sequence[Report], address: str | None) -> Report | None:
    named = [each for each in reports if address is not None and normalise_address(address) in each.addresses]
    return _gravest(named) if named else None


def _gravest(reports: Sequence[Report]) -> Report:
    return min(reports, key=lambda each: (_GRAVEST_FIRST.index(each.fate), not each.about_mailbox))


def _bounced(work: UnitOfWork, message: Message, why: str, gone: str | None, keys: Sequence[str]) -> Outcome | None:
    """Note that a message came back; `gone` is the address that is no more. What never went out cannot come back."""
    if not note_report(work, message, MessageState.BOUNCED, why, address_gone=gone is not None):
        return Outcome.COUNTED
    if gone is not None:
        suppress(work, gone, why, message.id, keys)
    return None


def _delivered(work: UnitOfWork, message: Message) -> Outcome | None:
    return None if note_report(work, message, MessageState.DELIVERED) else Outcome.COUNTED


def note_report(
    work: UnitOfWork, message: Message, state: MessageState, why: str | None = None, *, address_gone: bool = False
) -> bool:
    """Note what was heard of a message, and of what it tells where it is a digest; say whether that was news."""
    now = settle(work, message.id, state, why, address_gone=address_gone)
    if now is not None and now.template == DIGEST:
        let_follow(work, now)
    return now is not None


def _less_to(work: UnitOfWork, message: Message) -> None:
    person = message.person or message.recipient
    chosen = preferences_of(work.connection, person, message.recipient)
    change(work, person, replace(chosen, non_critical=False), by=BY, reason="They called a message unwanted.")
