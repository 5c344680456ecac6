"""Sending a message again, because an operator says so: a new row of the ledger, which refers to the first."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from services.notifications.domain.digests import DIGEST
from services.notifications.domain.facts import SessionFacts
from services.notifications.domain.holding_back import ERASED, unreachable
from services.notifications.domain.messages import SENT_AGAIN, Message, MessageState
from services.notifications.domain.occasions import Drafting, draft
from services.notifications.domain.reasons import read_reason
from services.notifications.domain.statements import TOLD_BY_HAND
from services.notifications.handlers.entering import enter
from services.notifications.handlers.known_runs import known_run
from services.notifications.handlers.settling import about_of, the_message
from services.notifications.queries.messages import first_of, resends_of
from services.notifications.tables import messages
from shared.clock import LONDON
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork

S = MessageState
WHY_AGAIN = "sent_again"
"""The fact that has who had a message sent again, and why."""
_NOT_THROUGH = frozenset({S.FAILED, S.UNKNOWN, S.BOUNCED, S.SUPPRESSED})
_TAKEN = frozenset({S.ACCEPTED, S.DELIVERED})
_ON_ITS_WAY = frozenset({S.SCHEDULED, S.SENDING, S.ACCEPTED, S.DELIVERED})


def resend_message(work: UnitOfWork, message_id: UUID, reason: str, *, actor: str) -> Message:
    """Enter a message again, due now, and give the new one.

    Only what did not get through for certain is sent again: failed, unknown, bounced, missed, suppressed, or told in a
    digest that did not get through. Raises `Refused`: "not_found", "invalid" without a reason, "refused" where what it
    says does not hold any more, where nobody may be written to, or where it was sent again already.
    """
    why = read_reason(reason)
    message = the_message(work, message_id)
    _check_state(work, message)
    original = the_message(work, first_of(work.connection, message.id))
    _check_facts(work, original)
    earlier = resends_of(work.connection, original.id)
    standing = next((row for row in earlier if MessageState(row.state) in _ON_ITS_WAY), None)
    if standing is not None:
        raise Refused("refused", _why_not_once_more(standing))
    again = _again(original, message, len(earlier) + 1, {"by": actor, "reason": why}, work)
    enter(work, [again])
    return again


def _why_not_once_more(standing: AnyRow) -> str:
    """Say what stands in the place of a message already: one that was sent again, or what an operator noted."""
    if standing.template == TOLD_BY_HAND:
        at = standing.accepted_at.astimezone(LONDON)
        return f"They know already, so nothing is sent again. {standing.why} That was noted on {at:%d %b %Y at %H:%M}."
    return f"It was sent again already, as {standing.id}, which is {standing.state}."


def _again(original: Message, message: Message, time: int, said: dict[str, str], work: UnitOfWork) -> Message:
    """Give a message as it is sent again for the first, second... `time`. The operator says that it still helps."""
    occasion = f"{original.occasion}:again:{time}"
    domain = original.message_id.rpartition("@")[2].rstrip(">")
    still_useful = original.useful_until is not None and original.useful_until > work.now
    drafted = draft(
        Drafting(work.new_id, domain),
        recipient=original.recipient,
        occasion=occasion,
        version=original.version,
        template=original.template,
        subject_ref=original.subject_ref,
        due_at=work.now,
        useful_until=original.useful_until if still_useful else None,
        facts={**original.facts, WHY_AGAIN: said},
        urgency=original.urgency,
    )
    return replace(drafted, resend_of=message.id)


def _check_state(work: UnitOfWork, message: Message) -> None:
    if message.template == DIGEST:
        words = "A digest is not sent again as a whole. Send again what was in it: `keytalk messages show` lists that."
        raise Refused("refused", words)
    if message.state in SENT_AGAIN or _was_in_a_lost_digest(work, message):
        return
    words = f"It is {message.state.value}: only what did not get through for certain is sent again."
    if message.state in _TAKEN and (reference := about_of(message)):
        words += f" To write to the enquirer once more: keytalk enquiries reply {reference} --words WORDS"
    raise Refused("refused", words)


def _was_in_a_lost_digest(work: UnitOfWork, message: Message) -> bool:
    if message.state is not S.SUPERSEDED or message.told_in is None:
        return False
    state = work.connection.scalar(select(messages.c.state).where(messages.c.id == message.told_in))
    return state in {each.value for each in _NOT_THROUGH}


def _check_facts(work: UnitOfWork, message: Message) -> None:
    """Refuse what does not hold any more: the person was erased, or there is newer news of the same."""
    if message.state is S.SUPPRESSED and message.why in {unreachable("erased"), ERASED}:
        raise Refused("refused", message.why)
    same = (messages.c.recipient == message.recipient) & (messages.c.occasion == message.occasion)
    newer = same & (messages.c.version > message.version)
    if message.template.startswith(("run_confirmed_", "run_changed_")):
        of_the_run = (messages.c.recipient == message.recipient) & (messages.c.subject_ref == message.subject_ref)
        is_change = messages.c.template.startswith("run_changed_")
        newer |= of_the_run & is_change & (messages.c.version > message.version)
    if work.connection.execute(select(messages.c.id).where(newer).limit(1)).first() is not None:
        raise Refused("refused", "There is newer news of it, so what it says does not hold any more.")
    if "session" in message.facts and not _is_as_it_says(work, message):
        raise Refused(
            "refused", "Its session was moved or does not take place, so what it says does not hold any more."
        )


def _is_as_it_says(work: UnitOfWork, message: Message) -> bool:
    run = known_run(work.connection, str(message.facts.get("run")))
    told = SessionFacts.from_plain(message.facts["session"])
    return run is None or any(each.id == told.id and each.when == told.when for each in run.sessions)
