"""What people are told about changes of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.notifications.domain import calendar_occasions as occasions
from services.notifications.domain.calendar_occasions import Change
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting, enquirer, facilitator
from services.notifications.domain.reminders import Plan
from services.notifications.handlers.entering import enter, enter_newest, our_holidays, supersede
from services.notifications.handlers.known_runs import (
    confirmations_waiting,
    in_states,
    known_before,
    lock_run,
    newest_known,
    run_facts,
    session_facts,
    told_before,
    version_of,
)
from services.notifications.handlers.reminders import RUN_CHANGED, carry_out, reminders_for
from services.notifications.tables import messages
from shared.contracts.scheduling import (
    ExpiryNear,
    GateMemoChanged,
    HoldChanged,
    OfferMade,
    OfferSettled,
    RunChanged,
)
from shared.persistence.work import UnitOfWork


@dataclass(frozen=True)
class Consequences:
    """What a change of a run means for the ledger: letters to enter, those whose place they take, and reminders."""

    letters: Sequence[Message]
    replaced: Sequence[tuple[Sequence[UUID], str]]
    """Ids of letters that wait and are withdrawn, and why."""
    reminders: Plan


def when_run_changed(work: UnitOfWork, event: RunChanged, mail_domain: str) -> None:
    """Say what a change of a run means to each, and have its reminders be those that it calls for now."""
    lock_run(work, str(event.run_id))
    drafting = Drafting(work.new_id, mail_domain)
    follows = consequences(work.connection, event, version_of(work), work.now, drafting)
    for waiting, why in follows.replaced:
        supersede(work, messages.c.id.in_(waiting), why)
    enter(work, follows.letters)
    carry_out(work, follows.reminders, RUN_CHANGED)


def consequences(
    connection: Connection, event: RunChanged, version: int, now: datetime, drafting: Drafting, *, hold: bool = True
) -> Consequences:
    """Give what follows from a change of a run, and do nothing. `version` is its place among the events of the run.

    Where a later change was heard of before, only what that one left as it was is told, and the reminders stay as it
    left them. A letter about an earlier one that still waits is superseded: the new one says all that is different from
    what was told last. So is a confirmation that still waits: the dates as they are now take its place. `hold` locks
    such letters until the transaction ends.
    """
    change = _change(event, version)
    newest, before = newest_known(connection, change.run), known_before(connection, change.run)
    if newest is not None:
        change = change.still_so(newest)
    recipients = [enquirer(change.run.enquiry), *map(facilitator, change.people())]
    known = {recipient: told_before(connection, recipient, change.run, hold=hold) for recipient in recipients}
    told = {recipient: of_theirs for recipient, (of_theirs, _waiting) in known.items()}
    letters = occasions.change_letters(change, before, told, now, our_holidays(), drafting)
    written_to = {letter.recipient for letter in letters if letter.state is MessageState.SCHEDULED}
    unsent = {
        recipient: waiting
        for recipient in written_to
        if (waiting := confirmations_waiting(connection, recipient, change.run, hold=hold))
    }
    letters = [
        occasions.confirmed_anew(each, change.run, now, drafting) if each.recipient in unsent else each
        for each in letters
    ]
    replaced = [
        (waiting, occasions.NEWER_NEWS if recipient in written_to else occasions.AS_TOLD)
        for recipient, (_told, waiting) in known.items()
        if waiting
    ]
    replaced += [(waiting, occasions.NEWER_NEWS) for waiting in unsent.values()]
    return Consequences(letters, replaced, reminders_for(connection, change.run, now, drafting))


def when_hold_changed(work: UnitOfWork, event: HoldChanged, mail_domain: str) -> None:
    """Say what is held, and what no longer."""
    facts = _about(event) | {
        "state": event.state,
        "rank": event.rank,
        "first_date": event.first_date.isoformat(),
        "last_date": event.last_date.isoformat(),
        "expires_on": event.expires_on.isoformat(),
    }
    hold_id, version, drafting = str(event.hold_id), version_of(work), Drafting(work.new_id, mail_domain)
    if event.state in {"released", "converted"}:
        waiting = (messages.c.recipient == enquirer(event.reference)) & (messages.c.occasion == f"hold:{hold_id}")
        supersede(work, waiting & (messages.c.version < version), "The dates are not held any more.")
    letters = occasions.hold_letters(hold_id, facts, version, work.now, drafting)
    enter_newest(work, letters, "There is newer news of these dates.")


def when_offer_made(work: UnitOfWork, event: OfferMade, mail_domain: str) -> None:
    """Ask a facilitator; the link is asked for when the letter goes out."""
    facts = _about(event) | {
        "offer": str(event.offer_id),
        "kind": event.kind,
        "first_date": event.first_date.isoformat(),
        "session_count": event.session_count,
        "answer_by": event.answer_by.isoformat(),
    }
    letter = occasions.offer_letter(
        str(event.offer_id),
        str(event.facilitator_id),
        facts,
        version_of(work),
        work.now,
        our_holidays(),
        Drafting(work.new_id, mail_domain),
    )
    enter_newest(work, [letter], "The offer was made anew.")


def when_offer_settled(work: UnitOfWork, event: OfferSettled, mail_domain: str) -> None:
    """Tell ops what became of an offer, and the facilitator where it was taken back."""
    offer_id, person = str(event.offer_id), str(event.facilitator_id)
    version, drafting = version_of(work), Drafting(work.new_id, mail_domain)
    facts = _about(event) | {
        "facilitator": person,
        "state": event.state,
        "first_date": event.first_date.isoformat(),
        "session_count": event.session_count,
    }
    told = [occasions.offer_settled(offer_id, facts, version, work.now, our_holidays(), drafting)]
    unsent = (messages.c.recipient == facilitator(person)) & (messages.c.occasion == f"offer:{offer_id}")
    never_asked = supersede(work, unsent & (messages.c.version < version), "There is nothing left to answer.")
    if event.state == "withdrawn" and not never_asked:
        told.append(
            occasions.offer_withdrawn(offer_id, person, facts, version, work.now, our_holidays(), drafting),
        )
    enter_newest(work, told, "There is newer news of this offer.")


def when_expiry_near(work: UnitOfWork, event: ExpiryNear, mail_domain: str) -> None:
    """Say what ends soon."""
    enter(work, expiry_letters(event, work.now, Drafting(work.new_id, mail_domain)))


def expiry_letters(event: ExpiryNear, now: datetime, drafting: Drafting) -> list[Message]:
    """Give the letters about something that ends soon, and do nothing."""
    facts = {
        "what": event.what,
        "accreditation": event.accreditation,
        "establishment": event.establishment_name,
        "valid_until": event.valid_until.isoformat(),
        "days_left": event.days_left,
        "sessions_after": event.sessions_after,
    }
    return occasions.expiry_letters(str(event.notice_id), str(event.facilitator_id), facts, now, drafting)


def when_gate_memo_changed(work: UnitOfWork, event: GateMemoChanged, mail_domain: str) -> None:
    """Send a gate memo, or say that one is out of date."""
    facts = _about(event) | {
        "memo": str(event.memo_id),
        "state": event.state,
        "memo_version": event.version,
        "takes_place_of_another": event.state == "sent" and _had_a_memo(work, event),
        "first_date": event.first_date.isoformat(),
        "due_on": event.due_on.isoformat(),
    }
    drafting = Drafting(work.new_id, mail_domain)
    letter = occasions.memo_letter(str(event.memo_id), facts, work.now, our_holidays(), drafting)
    if letter is not None:
        enter(work, [letter])


def _had_a_memo(work: UnitOfWork, event: GateMemoChanged) -> bool:
    """Say whether the contact's mailbox took a memo for this run before. An earlier version may never have gone out."""
    theirs = (messages.c.recipient == enquirer(event.reference)) & (messages.c.subject_ref == f"run:{event.run_id}")
    is_theirs = in_states((MessageState.ACCEPTED.value, MessageState.DELIVERED.value))
    taken = (messages.c.template == "gate_memo_sent_contact") & is_theirs
    return work.connection.execute(select(messages.c.id).where(theirs, taken)).first() is not None


def _change(event: RunChanged, version: int) -> Change:
    changed = set(event.changed_ids)
    return Change(
        id=str(event.change_id),
        kind=event.kind,
        run=run_facts(event, version),
        changed=tuple(session_facts(each) for each in event.sessions if each.id in changed),
        cancelled=tuple(session_facts(each) for each in event.cancelled),
        left=tuple(str(each) for each in event.left_ids),
    )


def _about(event: HoldChanged | OfferMade | OfferSettled | GateMemoChanged) -> dict[str, Any]:
    """Give what these events say of their run, as templates read it."""
    return {
        "run": str(event.run_id),
        "enquiry": event.reference,
        "establishment": event.establishment_name,
        "programme": event.programme_name,
    }
