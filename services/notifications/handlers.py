"""What the notifications service does on hearing of an event: it writes messages into the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from services.notifications.domain.facts import EnquiryFacts, RunFacts, SessionFacts
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import (
    Drafting,
    acknowledgement,
    ops_notice,
    run_confirmations,
    session_reminders,
)
from services.notifications.tables import SEND_MESSAGES, message_row, messages
from shared.contracts.enquiries import EnquiryReceived
from shared.contracts.scheduling import RunConfirmed
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


def _enter(work: UnitOfWork, drafts: Iterable[Message]) -> None:
    """Enter messages; one whose key is in the ledger already is there for good."""
    for draft in drafts:
        if insert_or_leave(work.connection, messages, message_row(draft)):
            work.schedule(SEND_MESSAGES, str(draft.id), draft.next_attempt_at)


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
