"""What this service knows of a run, from its own ledger: the letters to the contact tell every session."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, select

from services.notifications.domain.calendar_occasions import Told
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import MessageState
from services.notifications.domain.occasions import enquirer
from services.notifications.tables import messages
from shared.contracts.scheduling import PlannedSession, RunChanged, RunConfirmed
from shared.persistence.work import UnitOfWork

_TELL_ALL = ("run_confirmed_contact", "run_changed_contact")
"""The letters to the contact whose facts have the whole run."""
_WENT_OUT = tuple(state.value for state in (MessageState.ACCEPTED, MessageState.SENDING, MessageState.UNKNOWN))
"""What is on its way may be out already."""


def version_of(work: UnitOfWork) -> int:
    """Give the place of the event in hand among those of its subject."""
    return work.cause.sequence if work.cause else 1


def run_facts(event: RunConfirmed | RunChanged, version: int) -> RunFacts:
    """Give what an event says of its run."""
    return RunFacts(
        run=str(event.run_id),
        enquiry=event.reference,
        establishment=event.establishment_name,
        programme=event.programme_name,
        facilitators=tuple(str(each) for each in event.facilitator_ids),
        sessions=tuple(map(session_facts, event.sessions)),
        version=version,
    )


def session_facts(session: PlannedSession) -> SessionFacts:
    """Give what an event says of a session."""
    people = session.facilitator_ids
    return SessionFacts(
        str(session.id),
        session.number,
        session.date,
        session.start,
        session.end,
        session.zone,
        session.revision,
        None if people is None else tuple(map(str, people)),
        frozenset(session.closed_before or ()),
    )


def known_before(work: UnitOfWork, run: RunFacts) -> RunFacts | None:
    """Give the run as the newest event before this one left it, or None where none was heard of."""
    return _known(work, run, messages.c.version < run.version)


def newest_known(work: UnitOfWork, run: RunFacts) -> RunFacts | None:
    """Give the run as a newer event has left it already, or None where this one is the newest."""
    return _known(work, run, messages.c.version > run.version)


def told_before(work: UnitOfWork, recipient: str, run: RunFacts) -> tuple[Told, list[UUID]]:
    """Give what a recipient was told of a run before this version of it, and the ids of the letters that still wait.

    A confirmation counts whatever became of it: where it could not be sent, people are told in other ways.
    """
    theirs = (messages.c.recipient == recipient) & (messages.c.subject_ref == f"run:{run.run}")
    is_change = messages.c.template.startswith("run_changed_")
    is_out = messages.c.state.in_(_WENT_OUT)
    offers = select(messages.c.id).where(theirs, messages.c.template == "offer_made_facilitator", is_out)
    older = select(messages).where(theirs, messages.c.version < run.version).order_by(messages.c.version)
    is_waiting = messages.c.state == MessageState.SCHEDULED.value
    waiting = work.connection.execute(older.where(is_change, is_waiting).with_for_update()).all()
    first = min((row.version for row in waiting), default=run.version)
    went_out = messages.c.template.startswith("run_confirmed_") | is_change & is_out
    newest = theirs & went_out & (messages.c.version < first)
    facts = work.connection.scalar(
        select(messages.c.facts).where(newest).order_by(messages.c.version.desc()).limit(1),
    )
    last = None if facts is None else RunFacts.from_plain(facts)
    asked = work.connection.execute(offers.limit(1)).first() is not None
    return Told(last, tuple(row.facts for row in waiting), asked), [row.id for row in waiting]


def as_it_became(run: RunFacts, newest: RunFacts) -> RunFacts:
    """Give an older version of a run with only those sessions that nothing has touched since."""
    now = {session.id: session for session in newest.sessions}
    untouched = (session for session in run.sessions if now.get(session.id) == session)
    return replace(run, sessions=tuple(untouched))


def _known(work: UnitOfWork, run: RunFacts, which: ColumnElement[bool]) -> RunFacts | None:
    query = (
        select(messages.c.facts)
        .where(messages.c.recipient == enquirer(run.enquiry), messages.c.template.in_(_TELL_ALL))
        .where(messages.c.subject_ref == f"run:{run.run}", which)
        .order_by(messages.c.version.desc())
        .limit(1)
    )
    facts = work.connection.scalar(query)
    return None if facts is None else RunFacts.from_plain(facts)
