"""How establishments, facilitators and runs lie in the tables: loading them as domain values, and saving them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, delete, select

from services.scheduling.domain.calendar import Blackout, EstablishmentCalendar, Regime, Window
from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.rules import Booking, Facts
from services.scheduling.domain.runs import Run, RunState, Session, Skipped
from services.scheduling.domain.words import in_words
from services.scheduling.tables import (
    blackouts,
    clearances,
    establishments,
    facilitators,
    programmes,
    regime_windows,
    run_facilitators,
    runs,
    sessions,
    skipped_dates,
)
from shared.errors import Refused
from shared.holidays import bank_holidays_of
from shared.nations import division_of
from shared.persistence.types import AnyRow

_PLACE = ("id", "name", "active", "nation", "town", "required_level")


def load_programme(connection: Connection, slug: str) -> Programme:
    """Load a programme. Raises `Refused("not_found")`."""
    row = connection.execute(select(programmes).where(programmes.c.slug == slug)).first()
    if row is None:
        raise Refused("not_found", f"There is no programme '{slug}'.")
    return Programme(**row._mapping)


def load_establishment(connection: Connection, establishment_id: str) -> Establishment:
    """Load an establishment by its id, in any case. Raises `Refused("not_found")`."""
    row = connection.execute(select(establishments).where(establishments.c.id == establishment_id.upper())).first()
    if row is None:
        why = f"There is no establishment '{establishment_id}'. `keytalk establishments list` shows them."
        raise Refused("not_found", why, {"establishment": [why]})
    return _establishment(row)


def _establishment(row: AnyRow) -> Establishment:
    return Establishment(**{name: row._mapping[name] for name in _PLACE}, other_names=names_in(row.other_names))


def names_in(lines: str | None) -> tuple[str, ...]:
    """Give the other names of an establishment as the table keeps them, a line each."""
    return tuple(lines.splitlines()) if lines else ()


def load_calendar(connection: Connection, establishment: Establishment) -> EstablishmentCalendar:
    """Load when an establishment is open: its windows, its blackouts, the bank holidays of its nation."""
    return EstablishmentCalendar(
        regime=load_regime(connection, establishment.id),
        blackouts=load_blackouts(connection, establishment.id),
        bank_holidays=bank_holidays_of(division_of(establishment.nation)),
    )


def load_regime(connection: Connection, establishment_id: str) -> Regime:
    """Load an establishment's windows."""
    rows = connection.execute(select(regime_windows).where(regime_windows.c.establishment_id == establishment_id))
    return Regime({(row.weekday, row.name): Window(row.start, row.end) for row in rows})


def load_blackouts(connection: Connection, establishment_id: str) -> tuple[Blackout, ...]:
    """Load an establishment's blackouts."""
    table = blackouts.c
    query = select(table.first, table.last, table.why, table.yearly)
    rows = connection.execute(query.where(table.establishment_id == establishment_id))
    return tuple(Blackout(row.first, row.last, row.why, yearly=row.yearly) for row in rows)


def load_facts(
    connection: Connection, establishment: Establishment, programme: Programme, *, run_id: UUID | None = None
) -> Facts:
    """Load what the rules ask about at an establishment. Bookings are those of other confirmed runs than `run_id`."""
    people = connection.execute(select(facilitators.c.id, facilitators.c.name))
    return Facts(
        establishment=establishment,
        calendar=load_calendar(connection, establishment),
        programme=programme,
        facilitators={row.id: row.name for row in people},
        clearances=_clearances(connection, establishment.id),
        bookings=_bookings(connection, run_id),
    )


def _clearances(connection: Connection, establishment_id: str) -> tuple[Clearance, ...]:
    rows = connection.execute(select(clearances).where(clearances.c.establishment_id == establishment_id))
    return tuple(
        Clearance(row.facilitator_id, row.establishment_id, row.level, row.valid_from, row.valid_until) for row in rows
    )


def _bookings(connection: Connection, run_id: UUID | None) -> tuple[Booking, ...]:
    query = (
        select(
            run_facilitators.c.facilitator_id,
            runs.c.establishment_id,
            establishments.c.name,
            sessions.c.starts_at,
            sessions.c.ends_at,
            sessions.c.date,
        )
        .join_from(sessions, runs, sessions.c.run_id == runs.c.id)
        .join(run_facilitators, run_facilitators.c.run_id == runs.c.id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(runs.c.state == "confirmed", runs.c.id != run_id if run_id else runs.c.id.is_not(None))
    )
    return tuple(
        Booking(
            row.facilitator_id,
            row.establishment_id,
            row.starts_at,
            row.ends_at,
            f"a session at {row.name} on {in_words(row.date)}",
        )
        for row in connection.execute(query)
    )


def load_run(connection: Connection, run_id: UUID) -> Run:
    """Load a run with its sessions. Raises `Refused("not_found")`."""
    row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no run {run_id}. `keytalk runs list` shows them.")
    team = _team(connection, run_id)
    return Run(
        id=row.id,
        enquiry=row.enquiry,
        establishment_id=row.establishment_id,
        programme=row.programme,
        state=cast("RunState", row.state),
        facilitator_ids=team,
        sessions=_sessions(connection, run_id, team),
        skipped=_skipped(connection, run_id),
        version=row.version,
    )


def _team(connection: Connection, run_id: UUID) -> tuple[UUID, ...]:
    table = run_facilitators.c
    return tuple(connection.scalars(select(table.facilitator_id).where(table.run_id == run_id).order_by(table.place)))


def _sessions(connection: Connection, run_id: UUID, team: tuple[UUID, ...]) -> tuple[Session, ...]:
    rows = connection.execute(select(sessions).where(sessions.c.run_id == run_id).order_by(sessions.c.number))
    return tuple(Session(row.id, row.number, row.date, row.start, row.end, row.zone, team) for row in rows)


def _skipped(connection: Connection, run_id: UUID) -> tuple[Skipped, ...]:
    table = skipped_dates.c
    rows = connection.execute(select(table.date, table.why).where(table.run_id == run_id).order_by(table.date))
    return tuple(Skipped(row.date, row.why) for row in rows)


def save_draft(connection: Connection, run: Run, now: dt.datetime) -> None:
    """Save a draft, in place of the draft that the same run had before."""
    for table in (sessions, run_facilitators, skipped_dates):
        connection.execute(delete(table).where(table.c.run_id == run.id))
    connection.execute(delete(runs).where(runs.c.id == run.id, runs.c.state == "draft"))
    connection.execute(runs.insert(), _run_row(run, now))
    _insert(connection, sessions, (_session_row(run.id, session) for session in run.sessions))
    _insert(connection, run_facilitators, _team_rows(run))
    skipped = ({"run_id": run.id, "date": each.date, "why": each.why} for each in run.skipped)
    _insert(connection, skipped_dates, skipped)


def _insert(connection: Connection, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    found = [dict(row) for row in rows]
    if found:
        connection.execute(table.insert(), found)


def _run_row(run: Run, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": run.id,
        "enquiry": run.enquiry,
        "establishment_id": run.establishment_id,
        "programme": run.programme,
        "state": run.state,
        "version": run.version,
        "planned_at": now,
    }


def _session_row(run_id: UUID, session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "run_id": run_id,
        "number": session.number,
        "date": session.date,
        "start": session.start,
        "end": session.end,
        "zone": session.zone,
        "starts_at": session.starts_at(),
        "ends_at": session.ends_at(),
    }


def _team_rows(run: Run) -> Iterable[dict[str, Any]]:
    team = enumerate(run.facilitator_ids)
    return ({"run_id": run.id, "place": place, "facilitator_id": person} for place, person in team)
