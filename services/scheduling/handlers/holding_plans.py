"""Asking for a holding plan, where a group would go without a session for too long."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from services.scheduling.domain.preferences import long_gaps
from services.scheduling.domain.runs import Run, Session
from services.scheduling.domain.words import in_words
from shared.clock import day_in_london
from shared.contracts.scheduling import TaskNeeded
from shared.persistence.work import UnitOfWork

HOLDING_PLAN = "holding_plan"
AHEAD = dt.timedelta(weeks=2)
"""How long before the last session ahead of a gap the plan has to be agreed: two sessions are left to prepare it in."""

_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight")


def need_holding_plans(work: UnitOfWork, run: Run) -> None:
    """Ask for a holding plan for each gap of a confirmed run that is still ahead.

    A closing exercise, something to do in the cell and a contact for when it is hard: agreed two weeks before the last
    session ahead of the gap. Called again for the same run it asks for the same tasks, which are known by their keys.
    """
    today = day_in_london(work.now)
    for last, following in long_gaps(run.live):
        if following.date > today:
            _need(work, run, last, following, today)


def _need(work: UnitOfWork, run: Run, last: Session, following: Session, today: dt.date) -> None:
    task: UUID = work.new_id()
    event = TaskNeeded(
        task_id=task,
        key=key_of(run.id, last),
        reference=run.enquiry,
        kind=HOLDING_PLAN,
        title=_title(last, following),
        due_on=max(today, last.date - AHEAD),
    )
    work.record(event, subject=str(task), sequence=1)


def key_of(run_id: UUID, last: Session) -> str:
    """Name a gap by its run and the week that follows the last session before it."""
    return f"holding-plan:{run_id}:{(last.date + dt.timedelta(weeks=1)).isoformat()}"


def _title(last: Session, following: Session) -> str:
    """Say what is to be agreed, with nobody in it, within the 200 characters that a task's title has."""
    days = (following.date - last.date).days
    weeks, odd = divmod(days, 7)
    length = f"{days} days" if odd or weeks - 2 >= len(_NUMBERS) else f"{_NUMBERS[weeks - 2]} weeks"
    return (
        f"Agree a holding plan for the {length} without a session from {in_words(last.date)} to "
        f"{in_words(following.date)}: a closing exercise, an in-cell pack, a wellbeing contact"
    )
