"""Looking ahead: what is due, and why; and what news would send and cancel. Nothing is changed by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting
from services.notifications.domain.reminder_rules import RULES, Anchor
from services.notifications.domain.reminders import follows_from, rule_of
from services.notifications.handlers.calendar import consequences, expiry_letters
from services.notifications.handlers.entering import noting
from services.notifications.handlers.reminders import RUN_CHANGED
from services.notifications.tables import message_of, messages
from shared.contracts.base import contract_for, contract_of
from shared.contracts.scheduling import ExpiryNear, RunChanged
from shared.errors import Refused
from shared.messaging.envelope import Envelope
from shared.persistence.work import UnitOfWork

_OF_RUN = "run:"
_SCHEDULED = messages.c.state == MessageState.SCHEDULED.value

Hear = Callable[[UnitOfWork, Any], None]
LETTERS_A_NOTICE = 2
"""Letters about something that ends: one to the facilitator, one to the ops team."""
NO_ENDS = "Letters about what ends soon (clearances, keys, insurance, accreditations) are not shown here."


@dataclass(frozen=True)
class Foreseen:
    """Letters that are not in the ledger yet and are sure to come: the first of so many. `missing` says what lacks."""

    letters: Sequence[Message] = ()
    count: int = 0
    missing: tuple[str, ...] = ()


NOTHING_FORESEEN = Foreseen()


def foreseen(call: Callable[..., Any], days: int, limit: int, drafting: Drafting) -> Foreseen:
    """Ask scheduling what ends in the next so many days, of which its daily look will tell, and give those letters.

    Where it cannot be asked, nothing is foreseen and that is said.
    """
    try:
        told = call("scheduling", "preview_expiries", days=days, limit=limit)
    except Refused as refused:
        return Foreseen(missing=(f"{NO_ENDS} {refused.detail} Look again in a few minutes.",))
    letters: list[Message] = []
    for each in told["notices"]:
        event: ExpiryNear = contract_of(ExpiryNear).load(each["event"])
        letters += expiry_letters(event, datetime.fromisoformat(each["due_at"]), drafting)
    return Foreseen(letters, LETTERS_A_NOTICE * int(told["count"]))


def due_within(
    connection: Connection, now: datetime, days: int, limit: int, ends: Foreseen = NOTHING_FORESEEN
) -> dict[str, Any]:
    """Give what is due in the next so many days, the first due first, and why each is there; count them all.

    Each is due at its time at the earliest: whom it is for may prefer other hours, or another day. `ends` is what
    scheduling foresees; what else has not happened yet is not foreseen.
    """
    until = now + timedelta(days=days)
    due = _SCHEDULED & (messages.c.next_attempt_at <= until)
    order = (messages.c.next_attempt_at, messages.c.recipient, messages.c.occasion)
    rows = connection.execute(select(messages).where(due).order_by(*order).limit(limit)).all()
    waiting = connection.scalar(select(func.count()).select_from(messages).where(due)) or 0
    return {
        "until": until.isoformat(),
        "count": waiting + ends.count,
        "messages": in_order([*map(message_of, rows), *ends.letters])[:limit],
        "missing": list(ends.missing),
    }


def change_simulated(connection: Connection, event: RunChanged, now: datetime, drafting: Drafting) -> dict[str, Any]:
    """Give what a change of a run would send and cancel, by what is known of it now; do nothing."""
    heard = select(func.max(messages.c.version)).where(messages.c.subject_ref == f"{_OF_RUN}{event.run_id}")
    version = int(connection.scalar(heard) or 0) + 1
    follows = consequences(connection, event, version, now, drafting, hold=False)
    whys = {message_id: why for ids, why in follows.replaced for message_id in ids}
    rows = connection.execute(select(messages).where(messages.c.id.in_(list(whys)))).all() if whys else []
    cancelled = [(message_of(row), whys[row.id]) for row in rows]
    cancelled += [(each, RUN_CHANGED) for each in follows.reminders.withdrawn]
    letters = [each for each in follows.letters if each.state is MessageState.SCHEDULED]
    return {
        "run": str(event.run_id),
        "sends": in_order([*letters, *follows.reminders.made]),
        "cancels": [in_short(each) | {"cancelled_because": why} for each, why in _first_due_first(cancelled)],
    }


def news_simulated(work: UnitOfWork, news: Sequence[Envelope], hears: Mapping[str, Hear]) -> dict[str, Any]:
    """Give what events would send and cancel, by handling them in a unit of work that is undone afterwards.

    `hears` has the handlers by the type of their event; news that nobody hears here sends nothing.
    """
    with noting() as noted:
        for envelope in news:
            hear = hears.get(envelope.type)
            if hear is not None:
                hear(replace(work, cause=envelope), contract_for(envelope.type).load(envelope.data))
    entered, withdrawn = ({each.id: each for each in those} for those in (noted.entered, noted.withdrawn))
    gone = [(each, each.why or "") for each in withdrawn.values() if each.id not in entered]
    return {
        "sends": in_order(each for each in entered.values() if each.id not in withdrawn),
        "cancels": [in_short(each) | {"cancelled_because": why} for each, why in _first_due_first(gone)],
    }


def in_order(those: Iterable[Message]) -> list[dict[str, Any]]:
    """Give messages in short, the first due first."""
    return [in_short(each) for each, _why in _first_due_first((each, "") for each in those)]


def _first_due_first(those: Iterable[tuple[Message, str]]) -> list[tuple[Message, str]]:
    return sorted(those, key=lambda pair: (pair[0].next_attempt_at, pair[0].recipient, pair[0].occasion))


def in_short(message: Message) -> dict[str, Any]:
    """Give a message as plain data: whom by id, when, about which run, and why it is there."""
    rule = RULES.get(rule_of(message.occasion))
    return {
        "due_at": message.next_attempt_at.isoformat(),
        "recipient": message.recipient,
        "template": message.template,
        "occasion": message.occasion,
        "run": message.subject_ref.removeprefix(_OF_RUN) if message.subject_ref.startswith(_OF_RUN) else None,
        "rule": rule.name if rule else None,
        "anchor": _anchor(rule.anchor, message.facts["session"]) if rule else None,
        "why": follows_from(message),
    }


def _anchor(anchor: Anchor, session: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": anchor.value,
        **{name: session[name] for name in ("number", "date", "start", "end")},
        "session": session["id"],
    }
