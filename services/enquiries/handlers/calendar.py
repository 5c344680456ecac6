"""What the calendar says about an enquiry's run: what somebody has to do, and what became of its sessions."""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from services.enquiries.domain.timeline import CLOCK, Kind
from services.enquiries.handlers import history
from services.enquiries.handlers.tasks import add_task
from services.enquiries.queries.threads import thread_of
from services.enquiries.tables import enquiries, timeline
from shared.contracts.scheduling import SessionRecorded, TaskNeeded
from shared.persistence.work import UnitOfWork

LONGEST_KEY = 120
LONGEST_TITLE = 200
LONGEST_KIND = 40


def when_task_needed(work: UnitOfWork, event: TaskNeeded) -> None:
    """Give the task to whoever the enquiry is with. The same key again is the same task, done or not.

    An enquiry that was merged has its task under the one it lies with. A run may be for an enquiry that is not known
    here, such as one brought in from a spreadsheet: its task is kept all the same, and is nobody's in particular.
    """
    reference = thread_of(work.connection, event.reference)
    owner = select(enquiries.c.owner).where(enquiries.c.reference == reference)
    add_task(
        work,
        key=_as_key(event.key),
        kind=event.kind[:LONGEST_KIND],
        title=event.title[:LONGEST_TITLE],
        due_on=event.due_on,
        reference=reference,
        owner=work.connection.scalar(owner) if reference else None,
        actor=CLOCK,
        task_id=event.task_id,
    )


def _as_key(key: str) -> str:
    """Give a key as the table holds it: a long one by its mark, for a cut one could be another task's."""
    return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def when_session_recorded(work: UnitOfWork, event: SessionRecorded) -> None:
    """Write what became of a session into the enquiry's history, once for each time that it is another.

    Counts that come in later, and corrections of them, tell of the same session again and are no step of the history.
    """
    known = select(enquiries.c.reference).where(enquiries.c.reference == event.reference)
    if work.connection.scalar(known) is None:
        return
    about = f"session {event.number} on {event.date.isoformat()}"
    was = _last_told(work, event.reference, about)
    if was == event.state:
        return
    history.write(work, event.reference, Kind.SESSION, actor=CLOCK, was=was, now=event.state, about=about)


def _last_told(work: UnitOfWork, reference: str, about: str) -> str | None:
    """Give what the history says last of a session."""
    table = timeline.c
    same = (table.reference == reference) & (table.kind == Kind.SESSION.value) & (table.about == about)
    query = select(table.now).where(same).order_by(table.at.desc(), table.id.desc()).limit(1)
    return work.connection.scalar(query)
