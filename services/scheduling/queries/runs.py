"""Reading runs and their sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.domain.facts import Facts
from services.scheduling.domain.planner import review
from services.scheduling.domain.runs import Breach, Run, Session
from services.scheduling.records import facts_about, load_establishment, load_programme, load_run
from services.scheduling.tables import establishments, runs, sessions
from shared.errors import Refused


def get_run(connection: Connection, run_id: UUID) -> dict[str, Any]:
    """Give a run with its sessions, what each still breaks, and the dates that were skipped. Times are local."""
    run = load_run(connection, run_id)
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    facts = facts_about(connection, run, establishment, programme)
    breaches = review(run, facts) if run.state in {"draft", "held"} else {}
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
