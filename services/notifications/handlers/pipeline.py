"""What the notifications service does on hearing of an event: it writes messages into the ledger."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, select

from services.notifications.domain import pipeline_occasions as occasions
from services.notifications.domain.alerts import alerts_beside
from services.notifications.domain.facts import EnquiryFacts
from services.notifications.domain.holding_back import unreachable
from services.notifications.domain.occasions import (
    Drafting,
    acknowledgement,
    enquirer,
    ops_notice,
    run_confirmations,
)
from services.notifications.handlers.entering import enter, hold_back, our_holidays, supersede
from services.notifications.handlers.known_runs import (
    WENT_OUT,
    in_states,
    lock_run,
    newest_known,
    run_facts,
    version_of,
)
from services.notifications.handlers.reminders import RUN_CHANGED, carry_out, reminders_for
from services.notifications.tables import messages
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
from shared.persistence.work import UnitOfWork


def when_enquiry_received(work: UnitOfWork, event: EnquiryReceived, mail_domain: str) -> None:
    """Thank the enquirer and tell the ops team, both at once."""
    drafting = Drafting(work.new_id, mail_domain)
    enquiry = EnquiryFacts(event.reference, event.programme, event.establishment_id or "")
    enter(work, [acknowledgement(enquiry, work.now, drafting), ops_notice(enquiry, work.now, drafting)])


def when_run_confirmed(work: UnitOfWork, event: RunConfirmed, mail_domain: str) -> None:
    """Confirm the dates to everyone who takes part, and schedule the reminders of the run.

    Where a change of the run was heard of before, the dates and the reminders are those that it left.
    """
    lock_run(work, str(event.run_id))
    drafting = Drafting(work.new_id, mail_domain)
    run = run_facts(event, version_of(work))
    newest = newest_known(work.connection, run)
    told = run if newest is None else replace(newest, version=run.version)
    enter(work, run_confirmations(told, work.now, drafting))
    carry_out(work, reminders_for(work.connection, told, work.now, drafting), RUN_CHANGED)


def when_enquiry_quarantined(work: UnitOfWork, mail_domain: str) -> None:
    """Tell the ops team of it with all others, when the office next opens; nobody else hears of it."""
    enter(work, [occasions.quarantine_digest(work.now, our_holidays(), Drafting(work.new_id, mail_domain))])


def when_reply_written(work: UnitOfWork, event: ReplyWritten, mail_domain: str) -> None:
    """Carry an operator's reply to the enquirer."""
    drafting = Drafting(work.new_id, mail_domain)
    enter(work, [occasions.reply(event.reference, event.entry_id, work.now, drafting)])


def when_first_reply_due(work: UnitOfWork, event: FirstReplyDue, mail_domain: str, alert_places: int = 0) -> None:
    """Tell the ops team that an enquirer still waits; once it is late, also at their `alert_places`."""
    drafting = Drafting(work.new_id, mail_domain)
    told = occasions.first_reply_due(event.reference, event.step, event.due_at, work.now, drafting)
    enter(work, [told, *alerts_beside(told, alert_places, drafting)])


def when_answer_awaited(work: UnitOfWork, event: AnswerAwaited, mail_domain: str) -> None:
    """Ask the enquirer how things stand, or have somebody offer a call."""
    drafting = Drafting(work.new_id, mail_domain)
    told = occasions.answer_awaited(event.reference, event.step, event.since, work.now, drafting)
    enter(work, [told])


def when_contact_left(work: UnitOfWork, event: ContactLeft) -> None:
    """Hold back at once what was meant for that person.

    What belongs to a run stays: it is for whoever is the contact on the day, which is asked when it is sent.
    """
    theirs = messages.c.recipient.in_([enquirer(reference) for reference in event.references or ()])
    hold_back(work, theirs & ~messages.c.subject_ref.startswith("run:"), unreachable(event.why))


def when_proposal_sent(work: UnitOfWork, event: ProposalSent, mail_domain: str) -> None:
    """Send the link to a proposal."""
    drafting = Drafting(work.new_id, mail_domain)
    told = occasions.proposal_sent(event.reference, event.proposal_id, event.valid_until, work.now, drafting)
    enter(work, [told])


def when_proposal_settled(work: UnitOfWork, event: ProposalSettled, mail_domain: str) -> None:
    """Say what became of a proposal. What still waits to tell of it as open is withdrawn."""
    theirs = messages.c.recipient == enquirer(event.reference)
    sent = theirs & messages.c.occasion.startswith(f"proposal_sent:{event.proposal_id}")
    supersede(work, sent | (theirs & (messages.c.template == "proposal_reminder")), "The proposal is settled.")
    drafting = Drafting(work.new_id, mail_domain)
    proposal = (event.reference, event.proposal_id, event.version, event.outcome)
    is_known = not _never_went_out(work, sent)
    enter(work, occasions.proposal_settled(*proposal, work.now, drafting, is_known=is_known))


def _never_went_out(work: UnitOfWork, letter: ColumnElement[bool]) -> bool:
    """Say whether a letter is in the ledger, as it was first entered or sent again, and surely reached nobody."""
    if work.connection.execute(select(messages.c.id).where(letter).limit(1)).first() is None:
        return False
    return work.connection.execute(select(messages.c.id).where(letter, in_states(WENT_OUT)).limit(1)).first() is None


def when_agreement_signed(work: UnitOfWork, event: AgreementSigned, mail_domain: str) -> None:
    """Say that the agreement stands."""
    drafting = Drafting(work.new_id, mail_domain)
    agreement = (event.reference, event.agreement_id, event.unit, event.agreed_units)
    enter(work, occasions.agreement_signed(*agreement, work.now, drafting))


def when_intake_alarm(work: UnitOfWork, event: IntakeAlarm, mail_domain: str, alert_places: int = 0) -> None:
    """Tell the ops team, and their `alert_places`, that something is amiss with the way in."""
    drafting = Drafting(work.new_id, mail_domain)
    told = occasions.intake_alarm(event.alarm_id, event.kind, event.since, work.now, drafting)
    enter(work, [told, *alerts_beside(told, alert_places, drafting)])
