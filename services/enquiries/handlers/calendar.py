"""What the calendar says about an enquiry's run: what somebody has to do, and what became of its sessions."""

from __future__ import annotations

from sqlalchemy import select

from services.enquiries.domain.timeline import CLOCK, Kind
from services.enquiries.handlers import history
from services.enquiries.handlers.tasks import add_task
from services.enquiries.tables import enquiries
from shared.contracts.scheduling import SessionRecorded, TaskNeeded
from shared.persistence.work import UnitOfWork


def when_task_needed(work: UnitOfWork, event: TaskNeeded) -> None:
    """Give the task to whoever the enquiry is with. The same key again is the same task."""
    owner = select(enquiries.c.reference, enquiries.c.owner).where(enquiries.c.reference == event.reference)
    row = work.connection.execute(owner).first()
    add_task(
        work,
        key=event.key,
        kind=event.kind,
        title=event.title,
        due_on=event.due_on,
        reference=row.reference if row else None,
        owner=row.owner if row else None,
        actor=CLOCK,
        task_id=event.task_id,
    )


def when_session_recorded(work: UnitOfWork, event: SessionRecorded) -> None:
    """Write what became of a session into the enquiry's history."""
    known = select(enquiries.c.reference).where(enquiries.c.reference == event.reference)
    if work.connection.scalar(known) is None:
        return
    history.write(
        work,
        event.reference,
        Kind.SESSION,
        actor=CLOCK,
        now=event.state,
        about=f"session {event.number} on {event.date.isoformat()}",
    )
