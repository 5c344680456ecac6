"""What follows for cover when a run was changed: sessions that lack somebody now, and offers that are overtaken."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.scheduling.domain.cover import is_gap
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.offers import answer_by, first_answer_by
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Run, Session
from services.scheduling.domain.words import in_words
from services.scheduling.handlers.settling_offers import settle_overtaken
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.tables import sessions
from shared.contracts.scheduling import TaskNeeded
from shared.persistence.work import Store, UnitOfWork

LOOK_FOR_COVER = "look_for_cover"
"""The kind of job that looks, at the last moment, whether a session has found its people."""

CANCEL_AS = "cancel as facilitator_unavailable (party provider, not chargeable)"
"""What is to be done with a session that nobody can be found for; the words are those of the list of causes."""


def after_change(
    work: UnitOfWork, was: Run, now: Run, programme: Programme, establishment: Establishment, change_id: UUID
) -> None:
    """See to offers and cover after a change of a confirmed run. Whoever applies or reverses one calls this, once.

    Offers that are overtaken are withdrawn. Ops gets one task for the sessions that lack somebody since this change,
    and each that lacks somebody is looked at again at its last moment.
    """
    settle_overtaken(work, was, now, programme)
    before = {each.id: each for each in was.sessions}
    short = [each for each in now.live if each.state == "planned" and is_gap(each, None, programme)]
    for session in short:
        if before.get(session.id) != session:
            work.schedule(LOOK_FOR_COVER, str(session.id), answer_by(session, establishment.report_minutes))
    lost = [each for each in short if _was_full(before.get(each.id), programme) and each.starts_at() > work.now]
    if lost:
        _ask_for_cover(work, now, lost, establishment, change_id)


def look_for_cover(store: Store, session_ids: list[UUID]) -> None:
    """For each session whose last moment has come and that still lacks somebody, say what to do. Safe to repeat."""
    for session_id in session_ids:
        with store.work() as work:
            say_if_uncovered(work, session_id)


def say_if_uncovered(work: UnitOfWork, session_id: UUID) -> None:
    """Have ops cancel a session nobody could be found for. Whether it is cancelled, a person decides."""
    run_id = work.connection.scalar(select(sessions.c.run_id).where(sessions.c.id == session_id))
    if run_id is None:
        return
    run = load_run(work.connection, run_id, lock=True)
    session = next(each for each in run.sessions if each.id == session_id)
    establishment = load_establishment(work.connection, run.establishment_id)
    if not _still_lacks(work, run, session, establishment):
        return
    title = (
        f"No cover for session {session.number} at {establishment.name} on {in_words(session.date)}: tell the prison, "
        f"then {CANCEL_AS}"
    )
    key = f"cover-not-found:{session.id}:{session.revision}"
    _record_task(work, run, key, "cover_not_found", title, session.date)


def _still_lacks(work: UnitOfWork, run: Run, session: Session, establishment: Establishment) -> bool:
    programme = load_programme(work.connection, run.programme, run.programme_version)
    stands = run.state == "confirmed" and session.state == "planned"
    its_time_has_come = answer_by(session, establishment.report_minutes) <= work.now
    return stands and its_time_has_come and is_gap(session, None, programme)


def _was_full(session: Session | None, programme: Programme) -> bool:
    return session is not None and not is_gap(session, None, programme)


def _ask_for_cover(work: UnitOfWork, run: Run, lost: list[Session], establishment: Establishment, change: UUID) -> None:
    until = first_answer_by(lost, establishment.report_minutes).astimezone(ZoneInfo(run.zone))
    title = (
        f"Find cover for {_numbers(lost)} at {establishment.name} by {until:%H:%M} on {in_words(until.date())}; "
        f"without it, {CANCEL_AS}"
    )
    _record_task(work, run, f"cover-needed:{change}", "cover_needed", title, until.date())


def _numbers(those: list[Session]) -> str:
    numbers = [each.number for each in those]
    if len(numbers) == 1:
        return f"session {numbers[0]} on {in_words(those[0].date)}"
    in_a_row = numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"sessions {numbers[0]} to {numbers[-1]}" if in_a_row else f"{len(numbers)} sessions from {numbers[0]} on"


def _record_task(work: UnitOfWork, run: Run, key: str, kind: str, title: str, due_on: date) -> None:
    task = TaskNeeded(work.new_id(), key, run.enquiry, kind, _short(title), due_on)
    work.record(task, subject=str(task.task_id), sequence=1)


def _short(title: str) -> str:
    """Keep a title to what a list of tasks holds, where a place has a very long name."""
    return title if len(title) <= 200 else f"{title[:199]}…"
