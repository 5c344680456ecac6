"""How programmes and runs lie in the tables: loading them as domain values, and saving them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from services.scheduling.domain.programmes import KitItem, Programme
from services.scheduling.domain.runs import DONE, Run, Session, Skipped, Slot
from services.scheduling.tables import (
    assignments,
    bookings,
    overrides,
    programmes,
    run_facilitators,
    runs,
    sessions,
    skipped_dates,
)
from shared.errors import Refused
from shared.persistence.contention import one_after_another
from shared.persistence.types import AnyRow
from shared.persistence.work import new_id

TAKES_TIME: frozenset[str] = frozenset({"confirmed"})
"""States of a run whose sessions are booked. Those of a hold of the first rank are booked too: see `handlers/holds`."""


def load_programme(connection: Connection, slug: str, version: int | None = None) -> Programme:
    """Load a programme: the version that is live, or the one asked for. Raises `Refused("not_found")`."""
    table = programmes.c
    wanted = table.state == "live" if version is None else table.version == version
    row = connection.execute(select(programmes).where(table.slug == slug, wanted)).first()
    if row is None:
        raise Refused("not_found", f"There is no programme '{slug}'{f' in version {version}' if version else ''}.")
    return programme_in(row)


def programme_in(row: AnyRow) -> Programme:
    """Give the programme of a row."""
    lists = ("modes", "accreditations", "one_needs")
    plain = {name: value for name, value in row._mapping.items() if name not in {*lists, "kit"}}
    listed = {name: tuple(row._mapping[name]) for name in lists}
    return Programme(**{**plain, **listed}, kit=tuple(KitItem(**each) for each in row.kit))


def programme_row(programme: Programme) -> dict[str, Any]:
    """Give the row of a programme."""
    row = asdict(programme)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


def load_run(connection: Connection, run_id: UUID, *, lock: bool = False) -> Run:
    """Load a run with all its sessions; with `lock`, nobody else changes it until this transaction ends.

    Raises `Refused("not_found")`, and "conflict" where somebody else has it for too long.
    """
    query = select(runs).where(runs.c.id == run_id)
    with one_after_another():
        row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise Refused("not_found", f"There is no run {run_id}. `keytalk runs list` shows them.")
    table = run_facilitators.c
    team = connection.scalars(select(table.facilitator_id).where(table.run_id == run_id).order_by(table.place))
    return Run(
        id=row.id,
        enquiry=row.enquiry,
        establishment_id=row.establishment_id,
        programme=row.programme,
        programme_version=row.programme_version,
        state=row.state,
        facilitator_ids=tuple(team),
        sessions=_sessions(connection, run_id),
        skipped=_skipped(connection, run_id),
        version=row.version,
        slot=Slot(row.slot_start, row.slot_weekday, row.slot_window, row.slot_time),
        mode=row.mode,
        group_size=row.group_size,
        room_id=row.room_id,
        zone=row.zone,
        told=row.told,
    )


def _sessions(connection: Connection, run_id: UUID) -> tuple[Session, ...]:
    people: dict[UUID, list[UUID]] = {}
    assigned = (
        select(assignments.c.session_id, assignments.c.facilitator_id)
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .where(sessions.c.run_id == run_id)
        .order_by(assignments.c.place)
    )
    for row in connection.execute(assigned):
        people.setdefault(row.session_id, []).append(row.facilitator_id)
    query = select(sessions).where(sessions.c.run_id == run_id).order_by(sessions.c.number, sessions.c.id)
    return tuple(session_in(row, tuple(people.get(row.id, ()))) for row in connection.execute(query))


def session_in(row: AnyRow, people: tuple[UUID, ...]) -> Session:
    """Give the session of a row, led by `people`."""
    return Session(
        id=row.id,
        number=row.number,
        date=row.date,
        start=row.start,
        end=row.end,
        zone=row.zone,
        facilitator_ids=people,
        kind=row.kind,
        state=row.state,
        room_id=row.room_id,
        revision=row.revision,
        supersedes=row.supersedes,
    )


def _skipped(connection: Connection, run_id: UUID) -> tuple[Skipped, ...]:
    table = skipped_dates.c
    rows = connection.execute(select(table.date, table.why).where(table.run_id == run_id).order_by(table.date))
    return tuple(Skipped(row.date, row.why) for row in rows)


def save_draft(connection: Connection, run: Run, now: dt.datetime) -> None:
    """Save a draft, in place of the draft that the same run had before."""
    known = connection.scalar(select(runs.c.id).where(runs.c.id == run.id))
    row = {**run_row(run), "planned_at": now}
    if known is None:
        connection.execute(runs.insert(), row)
    else:
        connection.execute(update(runs).where(runs.c.id == run.id).values(row))
        _forget_sessions(connection, run.id)
    _save_parts(connection, run)


def save_run(connection: Connection, run: Run, was: Run) -> None:
    """Save a run that was changed, one version on: `was` is how it was loaded.

    Sessions that are no longer in it are removed: only drafts lose any. Raises `Refused("conflict")` when somebody else
    changed it since.
    """
    here = (runs.c.id == run.id) & (runs.c.version == was.version)
    if connection.execute(update(runs).where(here).values(run_row(run))).rowcount != 1:
        raise Refused("conflict", "This run was changed by someone else just now. Look at it again.")
    before = {each.id: each for each in was.sessions}
    changed = [each for each in run.sessions if before.get(each.id) != each]
    gone = set(before) - {each.id for each in run.sessions}
    _save_sessions(connection, run.id, changed, run.facilitator_ids, known=set(before), gone=gone)
    for table in (run_facilitators, skipped_dates):
        connection.execute(delete(table).where(table.c.run_id == run.id))
    _save_team(connection, run)


def _save_sessions(
    connection: Connection,
    run_id: UUID,
    changed: list[Session],
    team: tuple[UUID, ...],
    *,
    known: set[UUID],
    gone: set[UUID],
) -> None:
    touched = {each.id for each in changed} | gone
    led = select(assignments).where(assignments.c.session_id.in_(touched))
    roles = {(row.session_id, row.facilitator_id): row.role for row in connection.execute(led)}
    for table in (assignments, bookings):
        connection.execute(delete(table).where(table.c.session_id.in_(touched)))
    connection.execute(delete(overrides).where(overrides.c.session_id.in_(gone)))
    connection.execute(delete(sessions).where(sessions.c.id.in_(gone)))
    # A number is free for a new session only once the old one has given it up.
    for session in sorted(changed, key=lambda each: each.is_live):
        row = session_row(run_id, session)
        if session.id in known:
            connection.execute(update(sessions).where(sessions.c.id == session.id).values(row))
        else:
            connection.execute(sessions.insert(), row)
    _insert(connection, assignments, _assigned(changed, team, roles))


def book(connection: Connection, run: Run) -> None:
    """Take the time of everyone and of every room on the live sessions of a run, in place of what it had taken.

    Raises SQLAlchemy's `IntegrityError` when any of it is taken already: see `handlers.planning.booking`.
    """
    free(connection, run.id)
    _insert(connection, bookings, (row for session in run.live for row in _booked(session)))


def free(connection: Connection, run_id: UUID) -> None:
    """Give back what the sessions of a run had taken."""
    mine = select(sessions.c.id).where(sessions.c.run_id == run_id)
    connection.execute(delete(bookings).where(bookings.c.session_id.in_(mine)))


def _booked(session: Session) -> Iterable[dict[str, Any]]:
    taken = {"session_id": session.id, "starts_at": session.starts_at(), "ends_at": session.ends_at()}
    for person in session.facilitator_ids:
        yield {"id": new_id(), **taken, "facilitator_id": person, "room_id": None}
    if session.room_id is not None:
        yield {"id": new_id(), **taken, "facilitator_id": None, "room_id": session.room_id}


def _forget_sessions(connection: Connection, run_id: UUID) -> None:
    mine = select(sessions.c.id).where(sessions.c.run_id == run_id)
    for table in (assignments, bookings, overrides):
        connection.execute(delete(table).where(table.c.session_id.in_(mine)))
    for table in (sessions, run_facilitators, skipped_dates):
        connection.execute(delete(table).where(table.c.run_id == run_id))


def _save_parts(connection: Connection, run: Run) -> None:
    _insert(connection, sessions, (session_row(run.id, session) for session in run.sessions))
    _insert(connection, assignments, _assigned(run.sessions, run.facilitator_ids))
    _save_team(connection, run)


def _save_team(connection: Connection, run: Run) -> None:
    team = enumerate(run.facilitator_ids)
    members = ({"run_id": run.id, "place": place, "facilitator_id": person} for place, person in team)
    _insert(connection, run_facilitators, members)
    skipped = ({"run_id": run.id, "date": each.date, "why": each.why} for each in run.skipped)
    _insert(connection, skipped_dates, skipped)


def _assigned(
    those: Iterable[Session], team: tuple[UUID, ...], roles: Mapping[tuple[UUID, UUID], str] | None = None
) -> Iterable[dict[str, Any]]:
    regular, known = set(team), roles or {}

    def role(session: Session, person: UUID) -> str:
        now = "regular" if person in regular else "cover"
        return known.get((session.id, person), now) if session.state in DONE else now

    return (
        {"session_id": session.id, "facilitator_id": person, "place": place, "role": role(session, person)}
        for session in those
        for place, person in enumerate(session.facilitator_ids)
    )


def _insert(connection: Connection, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    found = [dict(row) for row in rows]
    if found:
        connection.execute(table.insert(), found)


def run_row(run: Run) -> dict[str, Any]:
    """Give the row of a run, without the moments at which it was planned and confirmed."""
    slot = run.slot or Slot(run.sessions[0].date)
    return {
        "id": run.id,
        "enquiry": run.enquiry,
        "establishment_id": run.establishment_id,
        "programme": run.programme,
        "programme_version": run.programme_version,
        "state": run.state,
        "version": run.version,
        "told": run.told,
        "mode": run.mode,
        "group_size": run.group_size,
        "room_id": run.room_id,
        "zone": run.zone,
        "slot_start": slot.start,
        "slot_weekday": slot.weekday,
        "slot_window": slot.window,
        "slot_time": slot.time,
    }


def session_row(run_id: UUID, session: Session) -> dict[str, Any]:
    """Give the row of a session."""
    return {
        "id": session.id,
        "run_id": run_id,
        "number": session.number,
        "kind": session.kind,
        "state": session.state,
        "date": session.date,
        "start": session.start,
        "end": session.end,
        "zone": session.zone,
        "starts_at": session.starts_at(),
        "ends_at": session.ends_at(),
        "room_id": session.room_id,
        "revision": session.revision,
        "supersedes": session.supersedes,
    }
