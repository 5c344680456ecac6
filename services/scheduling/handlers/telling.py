"""The events in which scheduling tells what became of runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, update

from services.scheduling.domain.calendar import EstablishmentCalendar
from services.scheduling.domain.diff import Diff, left_and_led
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Run, Session
from services.scheduling.records import load_calendar
from services.scheduling.tables import sessions
from shared.contracts.scheduling import PlannedSession, RunChanged, RunConfirmed, SessionRecorded
from shared.persistence.work import UnitOfWork

CLOSED_LOOKED_BACK = 42
"""Days before a session of which is told whether its place is closed: reminders look no further back."""


def run_confirmed(work: UnitOfWork, run: Run, establishment: Establishment, programme: Programme) -> None:
    """Tell that a run stands. `run.told` counts this event already."""
    calendar = _calendar_for(work.connection, run, establishment)
    event = RunConfirmed(
        **about_run(run, establishment, programme),
        facilitator_ids=run.facilitator_ids,
        sessions=tuple(planned(each, calendar) for each in run.live),
        mode=run.mode,
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


def run_changed(
    work: UnitOfWork,
    before: Run,
    after: Run,
    establishment: Establishment,
    programme: Programme,
    change_id: UUID,
    diff: Diff,
) -> None:
    """Tell of one change of a run that stands. `after.told` counts this event already."""
    event = change_event(work.connection, before, after, establishment, programme, change_id, diff)
    work.record(event, subject=str(after.id), sequence=after.told)


def change_event(
    connection: Connection,
    before: Run,
    after: Run,
    establishment: Establishment,
    programme: Programme,
    change_id: UUID,
    diff: Diff,
) -> RunChanged:
    """Give the event that tells of a change of a run."""
    left, led = left_and_led(before, after)
    was = {each.id: each for each in before.sessions}
    fresh = [each for each in after.sessions if was.get(each.id) != each]
    calendar = _calendar_for(connection, after, establishment)
    return RunChanged(
        **about_run(after, establishment, programme),
        change_id=change_id,
        kind=diff.kind,
        cause=diff.cause,
        facilitator_ids=led,
        left_ids=left,
        sessions=tuple(planned(each, calendar) for each in after.live),
        changed_ids=tuple(each.id for each in fresh if each.is_live),
        cancelled=tuple(planned(each, calendar) for each in fresh if not each.is_live and _stood(was.get(each.id))),
        mode=after.mode,
    )


def _stood(was: Session | None) -> bool:
    return was is not None and was.is_live


def _calendar_for(connection: Connection, run: Run, establishment: Establishment) -> EstablishmentCalendar:
    """Load when a run's place is closed: a remote one has bank holidays only."""
    calendar = load_calendar(connection, establishment)
    return replace(calendar, blackouts=()) if run.mode == "remote" else calendar


def planned(session: Session, calendar: EstablishmentCalendar) -> PlannedSession:
    """Give a session as events say it, with the closed dates ahead of it."""
    return PlannedSession(
        session.id,
        session.number,
        session.date,
        session.start,
        session.end,
        session.zone,
        revision=session.revision,
        facilitator_ids=session.facilitator_ids,
        closed_before=calendar.closed_before(session.date, CLOSED_LOOKED_BACK),
    )


def session_recorded(
    work: UnitOfWork,
    run: Run,
    session: Session,
    *,
    cause: str | None = None,
    party: str | None = None,
    remedy: str | None = None,
    chargeable: bool,
    attended: int | None = None,
) -> None:
    """Tell what became of a session, as its state says it: see `domain/outcomes.py` for the words."""
    counted = update(sessions).where(sessions.c.id == session.id).values(told=sessions.c.told + 1)
    event = SessionRecorded(
        session_id=session.id,
        run_id=run.id,
        reference=run.enquiry,
        number=session.number,
        date=session.date,
        state=session.state,
        cause=cause,
        party=party,
        remedy=remedy,
        chargeable=chargeable,
        attended=attended,
    )
    told = work.connection.scalar(counted.returning(sessions.c.told))
    work.record(event, subject=str(session.id), sequence=told or 1)
