"""What memos and kit lists are made of, as it lies in the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.kit import Packed, packing_list
from services.scheduling.domain.memos import Papers, Visitor, content_of, entries, entries_by_session
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import NOT_HELD, Run, Session
from services.scheduling.records.people import load_clearances
from services.scheduling.records.runs import load_run
from services.scheduling.tables import facilitators, gate_memos, left_out_kit, runs, sessions
from shared.errors import Refused
from shared.persistence.types import AnyRow


def load_left_out(connection: Connection, run_id: UUID) -> dict[str, str | None]:
    """Load what a run does without, and for each what comes instead of it, if anything."""
    rows = connection.execute(select(left_out_kit).where(left_out_kit.c.run_id == run_id))
    return {row.item: row.instead for row in rows}


def load_packing(connection: Connection, run: Run, programme: Programme) -> tuple[Packed, ...]:
    """Load what a run brings in to each session."""
    return packing_list(programme, load_left_out(connection, run.id))


def load_visitors(connection: Connection, people: Collection[UUID]) -> dict[UUID, Visitor]:
    """Load the names and vehicles of some facilitators."""
    table = facilitators.c
    rows = connection.execute(select(table.id, table.name, table.vehicle).where(table.id.in_(people)))
    return {row.id: Visitor(row.id, row.name, row.vehicle) for row in rows}


def visits_of(run: Run, since: dt.date, session_id: UUID | None = None) -> tuple[Session, ...]:
    """Give the sessions of a run that a memo is about: those from a date on, or the one it was made for."""
    return tuple(each for each in run.live if each.date >= since and session_id in {None, each.id})


def load_content(
    connection: Connection, run: Run, establishment: Establishment, programme: Programme, visits: Iterable[Session]
) -> dict[str, Any]:
    """Load what a memo about some sessions of a run says as things are now."""
    coming = tuple(visits)
    people = {person for session in coming for person in session.facilitator_ids}
    papers = Papers(
        load_visitors(connection, people),
        load_packing(connection, run, programme),
        load_clearances(connection, establishment.id, people),
    )
    return content_of(run, establishment, papers, coming)


def load_approved(
    connection: Connection, run: Run, establishment: Establishment, programme: Programme
) -> frozenset[UUID]:
    """Load which sessions of a run an approved memo covers as they are now: same people, times and things."""
    approved = (gate_memos.c.run_id == run.id) & (gate_memos.c.state == "approved")
    contents = list(connection.scalars(select(gate_memos.c.content).where(approved)))
    if not contents:
        return frozenset()
    agreed = frozenset[Any]().union(*(entries(each) for each in contents))
    now = load_content(connection, run, establishment, programme, run.live)
    return frozenset(session_id for session_id, entry in entries_by_session(now).items() if entry in agreed)


def load_runs_ahead(connection: Connection, today: dt.date, begun_by: dt.date) -> list[AnyRow]:
    """Load the confirmed runs behind a gate that go on today or later and begin by a date.

    Each has id, enquiry, establishment_id, and `first` and `last`: the dates of its sessions that are held or to come.
    """
    live = sessions.c.state.not_in(NOT_HELD)
    first, last = func.min(sessions.c.date), func.max(sessions.c.date)
    query = (
        select(runs.c.id, runs.c.enquiry, runs.c.establishment_id, first.label("first"), last.label("last"))
        .join_from(runs, sessions, sessions.c.run_id == runs.c.id)
        .where(runs.c.state == "confirmed", runs.c.mode == "in_person", live)
        .group_by(runs.c.id, runs.c.enquiry, runs.c.establishment_id)
        .having(last >= today, first <= begun_by)
        .order_by(runs.c.id)
    )
    return list(connection.execute(query))


def load_run_of(connection: Connection, session_id: UUID) -> tuple[Run, Session]:
    """Load a session and its run, which nobody else changes until this transaction ends.

    Raises `Refused("not_found")`.
    """
    run_id = connection.scalar(select(sessions.c.run_id).where(sessions.c.id == session_id))
    if run_id is None:
        why = f"There is no session {session_id}. `keytalk runs show` shows the ids of a run's sessions."
        raise Refused("not_found", why, {"session": [why]})
    run = load_run(connection, run_id, lock=True)
    return run, next(each for each in run.sessions if each.id == session_id)
