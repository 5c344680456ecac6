"""The read side of the scheduling service: SQL in, plain data out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from services.scheduling.domain.planner import review
from services.scheduling.domain.rules import Facts
from services.scheduling.domain.runs import Breach, Run, Session
from services.scheduling.domain.words import WEEKDAYS
from services.scheduling.records import (
    load_blackouts,
    load_establishment,
    load_facts,
    load_programme,
    load_regime,
    load_run,
    names_in,
)
from services.scheduling.tables import clearances, enquiries, establishments, facilitators, runs, sessions
from shared.errors import Refused


def get_run(connection: Connection, run_id: UUID) -> dict[str, Any]:
    """Give a run with its sessions, what each still breaks, and the dates that were skipped. Times are local."""
    run = load_run(connection, run_id)
    establishment = load_establishment(connection, run.establishment_id)
    facts = load_facts(connection, establishment, load_programme(connection, run.programme), run_id=run.id)
    breaches = review(run, facts) if run.state == "draft" else {}
    return {
        "run": str(run.id),
        "enquiry": run.enquiry,
        "state": run.state,
        "establishment": {"id": establishment.id, "name": establishment.name},
        "programme": run.programme,
        "facilitators": _team(run, facts),
        "sessions": [_session(each, breaches.get(each.number, ())) for each in run.sessions],
        "skipped": [{"date": each.date.isoformat(), "why": each.why} for each in run.skipped],
    }


def _team(run: Run, facts: Facts) -> list[dict[str, str]]:
    return [{"id": str(person), "name": facts.name_of(person)} for person in run.facilitator_ids]


def _session(session: Session, breaches: tuple[Breach, ...]) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "number": session.number,
        "date": session.date.isoformat(),
        "start": session.start.isoformat("minutes"),
        "end": session.end.isoformat("minutes"),
        "breaches": [{"rule": each.rule, "name": each.name, "why": each.why} for each in breaches],
    }


def list_runs(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """List runs, the one planned last first, with their first and last date."""
    span = (
        select(sessions.c.run_id, func.min(sessions.c.date).label("first"), func.max(sessions.c.date).label("last"))
        .group_by(sessions.c.run_id)
        .subquery()
    )
    query = select(runs, establishments.c.name, span.c.first, span.c.last).join_from(
        runs, establishments, establishments.c.id == runs.c.establishment_id
    )
    query = query.outerjoin(span, span.c.run_id == runs.c.id).order_by(runs.c.planned_at.desc()).limit(limit)
    return [
        {
            "run": str(row.id),
            "enquiry": row.enquiry,
            "establishment": row.name,
            "programme": row.programme,
            "state": row.state,
            "first_session": row.first.isoformat() if row.first else None,
            "last_session": row.last.isoformat() if row.last else None,
        }
        for row in connection.execute(query)
    ]


def enquiry_of_run(connection: Connection, run_id: UUID) -> str:
    """Give the reference of the enquiry that a run is for. Raises `Refused("not_found")`."""
    reference = connection.scalar(select(runs.c.enquiry).where(runs.c.id == run_id))
    if reference is None:
        raise Refused("not_found", f"There is no run {run_id}. `keytalk runs list` shows them.")
    return str(reference)


def list_facilitators(connection: Connection) -> list[dict[str, Any]]:
    """List facilitators by name, each with their clearances."""
    held: dict[UUID, list[dict[str, str]]] = {}
    for row in connection.execute(select(clearances).order_by(clearances.c.establishment_id, clearances.c.valid_from)):
        held.setdefault(row.facilitator_id, []).append(
            {
                "establishment": row.establishment_id,
                "level": row.level,
                "valid_from": row.valid_from.isoformat(),
                "valid_until": row.valid_until.isoformat(),
            }
        )
    people = connection.execute(select(facilitators).order_by(facilitators.c.name, facilitators.c.id))
    return [
        {"id": str(row.id), "name": row.name, "email": row.email, "clearances": held.get(row.id, [])} for row in people
    ]


def get_facilitator(connection: Connection, facilitator_id: UUID) -> dict[str, Any]:
    """Give a facilitator's name and address. Raises `Refused("not_found")`."""
    row = connection.execute(select(facilitators).where(facilitators.c.id == facilitator_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no facilitator {facilitator_id}.")
    return {"id": str(row.id), "name": row.name, "email": row.email}


_FOUND_BY = (establishments.c.id, establishments.c.name, establishments.c.town, establishments.c.other_names)


def list_establishments(connection: Connection, *, search: str | None, limit: int) -> list[dict[str, Any]]:
    """List establishments by name, those whose id, name, town or other names hold `search`."""
    table = establishments.c
    query = select(establishments).order_by(table.name, table.id).limit(limit)
    if search:
        words = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        fits = [column.ilike(f"%{words}%", escape="\\") for column in _FOUND_BY]
        query = query.where(or_(*fits))
    return [
        {
            "id": row.id,
            "name": row.name,
            "active": row.active,
            "nation": row.nation,
            "town": row.town,
            "other_names": list(names_in(row.other_names)),
            "windows": _windows(connection, row.id),
            "blackouts": _blackouts(connection, row.id),
        }
        for row in connection.execute(query).all()
    ]


def _windows(connection: Connection, establishment_id: str) -> dict[str, dict[str, str]]:
    days: dict[str, dict[str, str]] = {}
    for (weekday, name), window in sorted(load_regime(connection, establishment_id).windows.items()):
        days.setdefault(WEEKDAYS[weekday].lower(), {})[name] = f"{window.start:%H:%M}-{window.end:%H:%M}"
    return days


def _blackouts(connection: Connection, establishment_id: str) -> list[dict[str, Any]]:
    return [
        {
            "first": each.first.strftime("%d %B") if each.yearly else each.first.isoformat(),
            "last": each.last.strftime("%d %B") if each.yearly else each.last.isoformat(),
            "why": each.why,
            "yearly": each.yearly,
        }
        for each in load_blackouts(connection, establishment_id)
    ]


def export_person(connection: Connection, references: Collection[str], emails: Collection[str]) -> dict[str, Any]:
    """Give what is held under enquiries (enquiries, runs), and the facilitators who have one of these addresses."""
    asked = connection.execute(select(enquiries).where(enquiries.c.reference.in_(references)))
    planned = list(connection.scalars(select(runs.c.id).where(runs.c.enquiry.in_(references)).order_by(runs.c.id)))
    of_theirs = func.lower(facilitators.c.email).in_([email.lower() for email in emails])
    people = list(connection.scalars(select(facilitators.c.id).where(of_theirs)))
    return {
        "enquiries": [_as_plain(row._mapping) for row in asked],
        "runs": [get_run(connection, run_id) for run_id in planned],
        "facilitators": [each for each in list_facilitators(connection) if UUID(each["id"]) in people],
    }


def _as_plain(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
