"""The events in which scheduling tells what became of runs."""

from __future__ import annotations

from typing import Any

from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Run, Session
from shared.contracts.scheduling import PlannedSession, RunConfirmed
from shared.persistence.work import UnitOfWork


def run_confirmed(work: UnitOfWork, run: Run, establishment: Establishment, programme: Programme) -> None:
    """Tell that a run stands. `run.told` counts this event already."""
    event = RunConfirmed(
        **about_run(run, establishment, programme),
        facilitator_ids=run.facilitator_ids,
        sessions=tuple(planned(each) for each in run.live),
    )
    work.record(event, subject=str(run.id), sequence=run.told)


def about_run(run: Run, establishment: Establishment, programme: Programme) -> dict[str, Any]:
    """Give what every event about a run says of it."""
    return {
        "run_id": run.id,
        "reference": run.enquiry,
        "programme": run.programme,
        "programme_name": programme.name,
        "establishment_id": establishment.id,
        "establishment_name": establishment.name,
    }


def planned(session: Session) -> PlannedSession:
    """Give a session as events say it."""
    return PlannedSession(
        session.id,
        session.number,
        session.date,
        session.start,
        session.end,
        session.zone,
        revision=session.revision,
        facilitator_ids=session.facilitator_ids,
    )
