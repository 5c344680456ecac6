"""What this service knows of a run, from its own ledger: the letters to the contact tell every session."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from services.notifications.domain.calendar_occasions import Told
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import MessageState
from services.notifications.domain.statements import CONFIRMATIONS, TELLS_ALL, TOLD_BY_HAND
from services.notifications.tables import messages
from shared.contracts.scheduling import PlannedSession, RunChanged, RunConfirmed
from shared.persistence.work import UnitOfWork

WENT_OUT = tuple(
    state.value for state in (MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.SENDING, MessageState.UNKNOWN)
)
"""What is on its way may be out already."""


def in_states(states: Collection[str]) -> ColumnElement[bool]:
    """Give the condition that a message is in one of some states, or its digest is, which tells it."""
    digest = messages.alias()
    told = digest.c.id == messages.c.told_in
    is_told = (messages.c.state == MessageState.SUPERSEDED.value) & select(digest.c.id).where(
        told, digest.c.state.in_(states)
    ).exists()
    return messages.c.state.in_(states) | is_told


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
        slug=event.programme,
        place=event.establishment_id,
        mode=event.mode,
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


def lock_run(work: UnitOfWork, run_id: str) -> None:
    """Have whoever else decides on the messages of a run wait until this transaction ends, or wait for theirs.

    On SQLite there is one writer at a time anyway. Nothing holds a run of which no letter is in the ledger yet.
    """
    work.connection.execute(select(messages.c.id).where(_letters_of(run_id)).with_for_update()).all()


def known_before(connection: Connection, run: RunFacts) -> RunFacts | None:
    """Give the run as the newest event before this one left it, or None where none was heard of."""
    return known_run(connection, run.run, messages.c.version < run.version)


def newest_known(connection: Connection, run: RunFacts) -> RunFacts | None:
    """Give the run as a newer event has left it already, or None where this one is the newest."""
    return known_run(connection, run.run, messages.c.version > run.version)


def known_runs(connection: Connection) -> list[RunFacts]:
    """Give every run of which anybody was told, as the newest letter to its contact tells it, in the order of ids."""
    newer = messages.alias("newer")
    is_newer = (newer.c.subject_ref == messages.c.subject_ref) & newer.c.template.in_(TELLS_ALL)
    has_newer = select(newer.c.id).where(is_newer, newer.c.version > messages.c.version).exists()
    query = select(messages.c.facts).where(messages.c.template.in_(TELLS_ALL), ~has_newer)
    runs = {run.run: run for run in map(RunFacts.from_plain, connection.scalars(query))}
    return [runs[run_id] for run_id in sorted(runs)]


def told_before(connection: Connection, recipient: str, run: RunFacts, *, hold: bool) -> tuple[Told, list[UUID]]:
    """Give what a recipient was told of a run before this version of it, and the ids of the letters that still wait.

    A confirmation counts whatever became of it: where it could not be sent, people are told in other ways. What an
    operator noted of these counts as well. `hold` locks the letters that wait, so that none is sent before a newer one
    takes its place.
    """
    theirs = (messages.c.recipient == recipient) & (messages.c.subject_ref == f"run:{run.run}")
    is_change = messages.c.template.startswith("run_changed_")
    is_out = in_states(WENT_OUT)
    offers = select(messages.c.id).where(theirs, messages.c.template == "offer_made_facilitator", is_out)
    older = select(messages).where(theirs, messages.c.version < run.version).order_by(messages.c.version)
    is_waiting = messages.c.state == MessageState.SCHEDULED.value
    these = older.where(is_change, is_waiting)
    waiting = connection.execute(these.with_for_update() if hold else these).all()
    first = min((row.version for row in waiting), default=run.version)
    went_out = messages.c.template.startswith("run_confirmed_") | is_change & is_out
    newest = theirs & went_out & (messages.c.version < first)
    facts = connection.scalar(
        select(messages.c.facts).where(newest).order_by(messages.c.version.desc()).limit(1),
    )
    last = None if facts is None else RunFacts.from_plain(facts)
    asked = connection.execute(offers.limit(1)).first() is not None
    by_hand = _told_by_hand(connection, theirs, run.version, since=last.version if last else 0)
    return Told(last, tuple(row.facts for row in waiting), asked, by_hand), [row.id for row in waiting]


def _told_by_hand(
    connection: Connection, theirs: ColumnElement[bool], version: int, *, since: int
) -> dict[str, SessionFacts | None]:
    """Give what operators told of a run's sessions, the newest of each, between two versions of the run."""
    noted = theirs & (messages.c.template == TOLD_BY_HAND) & messages.c.version.between(since, version - 1)
    order = (messages.c.version, messages.c.accepted_at)
    told: dict[str, SessionFacts | None] = {}
    for facts in connection.scalars(select(messages.c.facts).where(noted).order_by(*order)):
        for session, plain in facts["says"].items():
            told[session] = SessionFacts.from_plain(plain) if plain else None
    return told


def confirmations_waiting(connection: Connection, recipient: str, run: RunFacts, *, hold: bool) -> list[UUID]:
    """Give the ids of confirmations of a run, before this version of it, that have not gone out to a recipient yet."""
    theirs = (messages.c.recipient == recipient) & (messages.c.subject_ref == f"run:{run.run}")
    waits = messages.c.template.in_(CONFIRMATIONS) & (messages.c.state == MessageState.SCHEDULED.value)
    query = select(messages.c.id).where(theirs, waits, messages.c.version < run.version)
    return list(connection.scalars(query.with_for_update() if hold else query))


def known_run(connection: Connection, run_id: str, which: ColumnElement[bool] | None = None) -> RunFacts | None:
    """Give a run as the newest letter to its contact tells it, of those letters that `which` says; None without one."""
    query = select(messages.c.facts).where(_letters_of(run_id)).order_by(messages.c.version.desc()).limit(1)
    facts = connection.scalar(query if which is None else query.where(which))
    return None if facts is None else RunFacts.from_plain(facts)


def _letters_of(run_id: str) -> ColumnElement[bool]:
    return (messages.c.subject_ref == f"run:{run_id}") & messages.c.template.in_(TELLS_ALL)
