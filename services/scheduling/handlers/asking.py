"""What day it is for people, and asking somebody to do what came up in the calendar."""

from __future__ import annotations

import datetime as dt

from shared.clock import day_in_london
from shared.contracts.scheduling import TaskNeeded
from shared.persistence.work import UnitOfWork

LONGEST_TITLE = 200


def ask_for(work: UnitOfWork, *, key: str, reference: str, kind: str, title: str, due_on: dt.date) -> None:
    """Ask for something to be done: the same `key` is the same task. `title` says what, without any person in it."""
    task = TaskNeeded(work.new_id(), key, reference, kind, title[:LONGEST_TITLE], due_on)
    work.record(task, subject=str(task.task_id), sequence=1)


def today(work: UnitOfWork) -> dt.date:
    """Give the day it is, in London."""
    return day_in_london(work.now)
