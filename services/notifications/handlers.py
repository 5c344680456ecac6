"""What the notifications service does on hearing of an event: it writes messages into the ledger."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import date

from sqlalchemy import select, update

from services.notifications.domain import pipeline_occasions as occasions
from services.notifications.domain.facts import EnquiryFacts, RunFacts, SessionFacts
from services.notifications.domain.holding_back import unreachable
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import (
    Drafting,
    acknowledgement,
    enquirer,
    ops_notice,
    run_confirmations,
    session_reminders,
)
from services.notifications.tables import SEND_MESSAGES, message_of, message_row, messages
from shared.contracts.enquiries import (
    AgreementSigned,
    AnswerAwaited,
    ContactLeft,
    EnquiryReceived,
    FirstReplyDue,
    IntakeAlarm,
    ProposalSent,
    ProposalSettled,
    ReplyWritten,
)
from shared.contracts.scheduling import RunConfirmed
from shared.holidays import bank_holidays_of
from shared.messaging.envelope import LONGEST
from shared.observability.context import correlation_id
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def when_enquiry_received(work: UnitOfWork, event: EnquiryReceived, mail_domain: str) -> None:
    """Thank the enquirer and tell the ops team, both at once."""
    drafting = Drafting(work.new_id, mail_domain)
    enquiry = EnquiryFacts(event.reference, event.programme, event.establishment_id or "")
    _enter(work, [acknowledgement(enquiry, work.now, drafting), ops_notice(enquiry, work.now, drafting)])


def when_run_confirmed(work: UnitOfWork, event: RunConfirmed, mail_domain: str) -> None:
    """Confirm the dates to everyone who takes part, and schedule the reminders of every session."""
    drafting = Drafting(work.new_id, mail_domain)
    run = _run_facts(event, version=work.cause.sequence if work.cause else 1)
    _enter(work, [*run_confirmations(run, work.now, drafting), *session_reminders(run, work.now, drafting)])


def when_enquiry_quarantined(work: UnitOfWork, mail_domain: str) -> None:
    """Tell the ops team of it with all others, when the office next opens; nobody else hears of it."""
    _enter(work, [occasions.quarantine_digest(work.now, _holidays(), Drafting(work.new_id, mail_domain))])


def when_reply_written(work: UnitOfWork, event: ReplyWritten, mail_domain: str) -> None:
    """Carry an operator's reply to the enquirer."""
    drafting = Drafting(work.new_id, mail_domain)
    _enter(work, [occasions.reply(event.reference, event.entry_id, work.now, drafting)])


def when_first_reply_due(work: UnitOfWork, event: FirstReplyDue, mail_domain: str) -> None:
    """Tell the ops team that an enquirer still waits."""
    drafting = Drafting(work.new_id, mail_domain)
    _enter(work, [occasions.first_reply_due(event.reference, event.step, event.due_at, work.now, drafting)])


def when_answer_awaited(work: UnitOfWork, event: AnswerAwaited, mail_domain: str) -> None:
    """Ask the enquirer how things stand, or have somebody offer a call."""
    drafting = Drafting(work.new_id, mail_domain)
    told = occasions.answer_awaited(event.reference, event.step, event.since, work.now, _holidays(), drafting)
    _enter(work, [told])


def when_contact_left(work: UnitOfWork, event: ContactLeft) -> None:
    """Hold back at once what was meant for that person.

    What belongs to a run stays: it is for whoever is the contact on the day, which is asked when it is sent.
    """
    theirs = messages.c.recipient.in_([enquirer(reference) for reference in event.references or ()])
    waiting = theirs & (messages.c.state == MessageState.SCHEDULED.value) & ~messages.c.subject_ref.startswith("run:")
    why = unreachable(event.why)
    for row in work.connection.execute(select(messages).where(waiting).with_for_update()).all():
        held = message_row(message_of(row).suppressed(why))
        work.connection.execute(update(messages).where(messages.c.id == row.id).values(held))


def when_proposal_sent(work: UnitOfWork, event: ProposalSent, mail_domain: str) -> None:
    """Send the link to a proposal."""
    drafting = Drafting(work.new_id, mail_domain)
    told = occasions.proposal_sent(event.reference, event.proposal_id, event.valid_until, work.now, drafting)
    _enter(work, [told])


def when_proposal_settled(work: UnitOfWork, event: ProposalSettled, mail_domain: str) -> None:
    """Say what became of a proposal."""
    drafting = Drafting(work.new_id, mail_domain)
    proposal = (event.reference, event.proposal_id, event.version, event.outcome)
    _enter(work, occasions.proposal_settled(*proposal, work.now, drafting))


def when_agreement_signed(work: UnitOfWork, event: AgreementSigned, mail_domain: str) -> None:
    """Say that the agreement stands."""
    drafting = Drafting(work.new_id, mail_domain)
    agreement = (event.reference, event.agreement_id, event.unit, event.agreed_units)
    _enter(work, occasions.agreement_signed(*agreement, work.now, drafting))


def when_intake_alarm(work: UnitOfWork, event: IntakeAlarm, mail_domain: str) -> None:
    """Tell the ops team that something is amiss with the way in."""
    drafting = Drafting(work.new_id, mail_domain)
    _enter(work, [occasions.intake_alarm(event.alarm_id, event.kind, event.since, work.now, drafting)])


def _holidays() -> Container[date]:
    """Give the days on which our own office is closed; it lies in England."""
    return bank_holidays_of("england-and-wales")


def _enter(work: UnitOfWork, drafts: Iterable[Message]) -> None:
    """Enter messages; one whose key is in the ledger already is there for good."""
    for draft in drafts:
        traceable = replace(draft, correlation_id=_correlation())
        if insert_or_leave(work.connection, messages, message_row(traceable)):
            work.schedule(SEND_MESSAGES, str(draft.id), draft.next_attempt_at)


def _correlation() -> str | None:
    """Name what the work in hand follows from. Another publisher's name for it may be longer than the column."""
    given = correlation_id.get()
    return str(given)[:LONGEST] if given else None


def _run_facts(event: RunConfirmed, version: int) -> RunFacts:
    return RunFacts(
        run=str(event.run_id),
        enquiry=event.reference,
        establishment=event.establishment_name,
        programme=event.programme_name,
        facilitators=tuple(str(each) for each in event.facilitator_ids),
        sessions=tuple(
            SessionFacts(str(each.id), each.number, each.date, each.start, each.end, each.zone)
            for each in event.sessions
        ),
        version=version,
    )
