"""Somebody was not told, or nobody can say whether they were: a person sees to it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.enquiries.domain.clocks import working_day_after
from services.enquiries.domain.timeline import CLOCK
from services.enquiries.domain.untold import KIND, title_of
from services.enquiries.handlers import waiting
from services.enquiries.handlers.tasks import add_task, close_task
from services.enquiries.queries.threads import thread_of
from services.enquiries.tables import enquiries
from shared.contracts.notifications import MessageAccepted, MessageUnsettled
from shared.persistence.work import UnitOfWork

ARRIVED = "It arrived after all."
KNOWN = "They know now: it was sent again, or somebody told them."
SEE_TO_WITHIN = 1
"""Working days in which somebody sees to it that they know."""


def key_of(message_id: UUID) -> str:
    """Give the key of the task about a message."""
    return f"message:{message_id}"


def when_message_accepted(work: UnitOfWork, event: MessageAccepted) -> None:
    """See to it that nobody asks after a message that arrived after all, or in whose place another did."""
    close_task(work, key_of(event.message_id), outcome=ARRIVED, actor=CLOCK)
    for each in event.instead_of or ():
        close_task(work, key_of(each), outcome=KNOWN, actor=CLOCK)


def when_message_unsettled(work: UnitOfWork, event: MessageUnsettled) -> None:
    """Have whoever the enquiry is with see to it. One message is one task, whatever becomes of it later."""
    reference = thread_of(work.connection, event.about)
    whose = select(enquiries.c.owner, enquiries.c.establishment_id).where(enquiries.c.reference == reference)
    row = work.connection.execute(whose).first() if reference else None
    holidays = waiting.bank_holidays(work.connection, row.establishment_id if row else None)
    add_task(
        work,
        key=key_of(event.message_id),
        kind=KIND,
        title=title_of(event.template, event.kind, event.state, event.session_number, event.session_date),
        due_on=working_day_after(work.now, SEE_TO_WITHIN, holidays),
        reference=reference,
        owner=row.owner if row else None,
        actor=CLOCK,
    )
