"""Who could lead a session, read for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.cover import Candidate, CoverList, Excluded, Figures, cover_for
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.offers import answer_by
from services.scheduling.domain.runs import Run, Session
from services.scheduling.records import load_establishment, load_facts, load_programme, load_run
from services.scheduling.records.offers import who_came_off
from services.scheduling.tables import facilitators, sessions
from shared.errors import Refused


@dataclass(frozen=True, slots=True)
class _Asked:
    session: Session
    run: Run
    facts: Facts
    cover: CoverList


def get_cover(connection: Connection, session_id: UUID) -> dict[str, Any]:
    """Give who could lead a session, the best first, and for everybody else why they cannot, the nearest first.

    `lacks` is how many people it is short of, `answer_by` the last moment to find somebody. Raises `Refused`:
    "not_found", or "refused" where the session takes place no more.
    """
    asked = _load(connection, session_id)
    session, facts = asked.session, asked.facts
    return {
        "session": str(session.id),
        "number": session.number,
        "run": str(asked.run.id),
        "enquiry": asked.run.enquiry,
        "establishment": {"id": facts.establishment.id, "name": facts.establishment.name},
        "date": session.date.isoformat(),
        "start": session.start.isoformat("minutes"),
        "end": session.end.isoformat("minutes"),
        "facilitators": [{"id": str(each), "name": facts.name_of(each)} for each in session.facilitator_ids],
        "lacks": max(0, facts.programme.min_facilitators - len(set(session.facilitator_ids))),
        "answer_by": answer_by(session, facts.establishment.report_minutes).isoformat(),
        "can": [_candidate(rank, each) for rank, each in enumerate(asked.cover.can, start=1)],
        "cannot": [_excluded(each) for each in asked.cover.cannot],
    }


def _load(connection: Connection, session_id: UUID) -> _Asked:
    run = load_run(connection, _run_of(connection, session_id))
    session = next(each for each in run.sessions if each.id == session_id)
    if session.state != "planned":
        raise Refused("refused", f"Session {session.number} is {session.state}, so nobody is needed for it.")
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    # By their ids rather than for all: bookings are then found by each person's own, however many are stored.
    on_file = connection.scalars(select(facilitators.c.id).where(facilitators.c.state != "left"))
    people = {*on_file, *session.facilitator_ids}
    between = (session.date, session.date)
    facts = load_facts(connection, establishment, programme, run=run, people=people, between=between)
    off = who_came_off(connection, run.id, [session.id])[session.id]
    return _Asked(session, run, facts, cover_for(session, run, facts, off))


def _run_of(connection: Connection, session_id: UUID) -> UUID:
    run_id = connection.scalar(select(sessions.c.run_id).where(sessions.c.id == session_id))
    if run_id is None:
        raise Refused("not_found", f"There is no session {session_id}. `keytalk runs show` has the ids of sessions.")
    return UUID(str(run_id))


def _candidate(rank: int, candidate: Candidate) -> dict[str, Any]:
    return {
        "rank": rank,
        "facilitator": str(candidate.facilitator_id),
        "name": candidate.name,
        "reasons": list(candidate.reasons),
        **_figures(candidate.figures),
    }


def _excluded(excluded: Excluded) -> dict[str, Any]:
    return {
        "facilitator": str(excluded.facilitator_id),
        "name": excluded.name,
        "reasons": [{"rule": each.rule, "name": each.name, "why": each.why} for each in excluded.reasons],
        **_figures(excluded.figures),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "led_before": figures.led_before,
        "qualifications": list(figures.qualifications),
        "travel_minutes": figures.travel_minutes,
        "sessions_that_week": figures.sessions_that_week,
        "weekly_limit": figures.weekly_limit,
        "clearance_days": figures.clearance_days,
        "sessions_around": figures.sessions_around,
    }
