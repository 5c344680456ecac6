"""Reading runs and their sessions."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.domain.facts import Facts, Override
from services.scheduling.domain.planner import kept_open, review
from services.scheduling.domain.preferences import Preference, warnings_of
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.rules import breaches_of_run, readiness_of
from services.scheduling.domain.runs import NOT_HELD, Breach, Run, Session
from services.scheduling.queries.holds import hold_of
from services.scheduling.records import facts_about, load_establishment, load_programme, load_run
from services.scheduling.tables import establishments, runs, sessions
from shared.errors import Refused

UNDER_WAY = frozenset({"draft", "held", "confirmed"})
"""States of a run whose sessions are still to come, so that what they need can still be seen to."""


def get_run(connection: Connection, run_id: UUID, now: dt.datetime | None = None) -> dict[str, Any]:
    """Give a run with its sessions, what each still breaks, and the dates that were skipped.

    Times are local, with the zone beside them, and `starts_at` and `ends_at` are in UTC. Of each session to come:
    `breaches` are the rules it does not keep, `kept_open` those that somebody decided not to keep, and `readiness` what
    a confirmed one lacks before anybody can go in. `breaches` of the run itself are about its agreement, `warnings` are
    what speaks against it without blocking it, the heaviest first, and `hold` is the one it has now, or None. What has
    begun by `now` (aware), or does not take place, has none of these.
    """
    run = load_run(connection, run_id)
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    facts = facts_about(connection, run, establishment, programme)
    under_way = run.state in UNDER_WAY
    found = review(run, facts) if under_way else {}
    waived = kept_open(run, facts) if under_way and facts.overrides else {}
    return {
        **_about(run, programme, facts),
        "facilitators": _people(run.facilitator_ids, facts),
        "breaches": [] if facts.is_overridden("H12") else _breaches(breaches_of_run(run, facts)),
        "sessions": [
            {
                **_session(each, facts),
                **_needs(run, each, found, waived, facts, ahead=under_way and _is_ahead(each, now)),
            }
            for each in run.sessions
        ],
        "skipped": [{"date": each.date.isoformat(), "why": each.why} for each in run.skipped],
        "overrides": [_override(each, run) for each in facts.overrides],
        "warnings": _warnings(warnings_of(run, facts) if under_way else ()),
        "hold": hold_of(connection, run.id),
    }


def _is_ahead(session: Session, now: dt.datetime | None) -> bool:
    return session.state == "planned" and (now is None or session.starts_at() > now)


def _about(run: Run, programme: Programme, facts: Facts) -> dict[str, Any]:
    return {
        "run": str(run.id),
        "enquiry": run.enquiry,
        "state": run.state,
        "version": run.version,
        "establishment": {"id": facts.establishment.id, "name": facts.establishment.name},
        "programme": run.programme,
        "programme_version": run.programme_version,
        "programme_name": programme.name,
        "mode": run.mode,
        "group_size": run.group_size,
        "room": _room(run.room_id, facts),
        "zone": run.zone,
    }


def _room(room_id: UUID | None, facts: Facts) -> dict[str, str | None] | None:
    if room_id is None:
        return None
    known = facts.rooms.get(room_id)
    return {"id": str(room_id), "name": known.name if known else None}


def _people(those: tuple[UUID, ...], facts: Facts) -> list[dict[str, str]]:
    return [{"id": str(person), "name": facts.name_of(person)} for person in those]


def _session(session: Session, facts: Facts) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "number": session.number,
        "kind": session.kind,
        "state": session.state,
        "revision": session.revision,
        "date": session.date.isoformat(),
        "start": session.start.isoformat("minutes"),
        "end": session.end.isoformat("minutes"),
        "zone": session.zone,
        "starts_at": session.starts_at().isoformat(),
        "ends_at": session.ends_at().isoformat(),
        "room": _room(session.room_id, facts),
        "facilitators": _people(session.facilitator_ids, facts),
        "supersedes": str(session.supersedes) if session.supersedes else None,
    }


def _needs(
    run: Run,
    session: Session,
    found: dict[int, tuple[Breach, ...]],
    waived: dict[int, tuple[tuple[Breach, Override], ...]],
    facts: Facts,
    *,
    ahead: bool,
) -> dict[str, Any]:
    if not ahead:
        return {"breaches": [], "kept_open": [], "readiness": []}
    kept = ({**_breach(each), "by": by.actor, "reason": by.reason} for each, by in waived.get(session.number, ()))
    return {
        "breaches": _breaches(found.get(session.number, ())),
        "kept_open": list(kept),
        "readiness": _breaches(readiness_of(session, facts) if run.state == "confirmed" else ()),
    }


def _breaches(those: tuple[Breach, ...]) -> list[dict[str, Any]]:
    return [_breach(each) for each in those]


def _breach(breach: Breach) -> dict[str, Any]:
    person = str(breach.facilitator_id) if breach.facilitator_id else None
    return {"rule": breach.rule, "name": breach.name, "why": breach.why, "facilitator": person}


def _override(override: Override, run: Run) -> dict[str, Any]:
    number = next((each.number for each in run.sessions if each.id == override.session_id), None)
    return {
        "id": str(override.id),
        "rule": override.rule,
        "session": str(override.session_id) if override.session_id else None,
        "number": number,
        "reason": override.reason,
        "by": override.actor,
    }


def _warnings(those: tuple[Preference, ...]) -> list[dict[str, Any]]:
    return [
        {
            "code": each.code,
            "points": round(each.points, 1),
            "why": each.why,
            "facilitator": str(each.facilitator_id) if each.facilitator_id else None,
        }
        for each in those
    ]


def list_runs(connection: Connection, *, limit: int, enquiry: str | None = None) -> list[dict[str, Any]]:
    """List runs, or those of an enquiry, the one planned last first, with the first and last date still held."""
    live = sessions.c.state.not_in(NOT_HELD)
    span = (
        select(sessions.c.run_id, func.min(sessions.c.date).label("first"), func.max(sessions.c.date).label("last"))
        .where(live)
        .group_by(sessions.c.run_id)
        .subquery()
    )
    query = select(runs, establishments.c.name, span.c.first, span.c.last).join_from(
        runs, establishments, establishments.c.id == runs.c.establishment_id
    )
    query = query.outerjoin(span, span.c.run_id == runs.c.id).order_by(runs.c.planned_at.desc()).limit(limit)
    if enquiry is not None:
        query = query.where(runs.c.enquiry == enquiry)
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
