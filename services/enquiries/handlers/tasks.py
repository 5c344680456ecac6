"""What is to be done: asked for by people, playbooks and clocks, and finished by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import history
from services.enquiries.tables import tasks
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def add_task(
    work: UnitOfWork,
    *,
    key: str | None,
    kind: str,
    title: str,
    due_on: date,
    reference: str | None = None,
    contact_id: UUID | None = None,
    owner: str | None = None,
    actor: str,
    task_id: UUID | None = None,
) -> bool:
    """Add a task and say whether it is new; a task with the same `key` is the same one, done or not.

    `title` says what is to be done, in plain words and with no personal data: it names what it is about by
    `reference` or `contact_id`. A task about an enquiry is written into that enquiry's history.
    """
    row = {
        "id": task_id or work.new_id(),
        "key": key,
        "reference": reference,
        "contact_id": contact_id,
        "kind": kind,
        "title": title,
        "due_on": due_on,
        "owner": owner,
        "created_at": work.now,
        "created_by": actor,
    }
    if not insert_or_leave(work.connection, tasks, row):
        return False
    if reference is not None:
        history.write(work, reference, Kind.TASK_ADDED, actor=actor, now=kind, about=str(row["id"]))
    return True


def assign_task(work: UnitOfWork, task_id: UUID, *, owner: str | None, actor: str) -> None:
    """Give a task to someone, or to nobody in particular. Raises `Refused("not_found")`."""
    was = _task(work, task_id)
    work.connection.execute(update(tasks).where(tasks.c.id == task_id).values(owner=owner))
    _note(work, was, Kind.ASSIGNED, actor=actor, was=was.owner, now=owner)


def finish_task(work: UnitOfWork, task_id: UUID, *, outcome: str | None, actor: str) -> None:
    """Mark a task done, with what came of it.

    Raises `Refused`: "not_found", or "conflict" where someone was faster.
    """
    task = _task(work, task_id)
    done = {"done_at": work.now, "done_by": actor, "outcome": outcome}
    ours = update(tasks).where(tasks.c.id == task_id, tasks.c.done_at.is_(None)).values(done)
    if work.connection.execute(ours).rowcount != 1:
        raise Refused("conflict", "This task is done already. Look at it again, or reopen it first.")
    _note(work, task, Kind.TASK_DONE, actor=actor, now=task.kind, words=outcome)


def reopen_task(work: UnitOfWork, task_id: UUID, *, reason: str | None, actor: str) -> None:
    """Have a task that was done be done again. Raises `Refused`: "not_found", or "refused" where it is open."""
    task = _task(work, task_id)
    undone = {"done_at": None, "done_by": None, "outcome": None}
    ours = update(tasks).where(tasks.c.id == task_id, tasks.c.done_at.is_not(None)).values(undone)
    if work.connection.execute(ours).rowcount != 1:
        raise Refused("refused", "This task is open, so there is nothing to reopen.")
    _note(work, task, Kind.TASK_REOPENED, actor=actor, now=task.kind, words=reason)


def close_tasks(work: UnitOfWork, reference: str, kinds: Sequence[str], *, outcome: str, actor: str) -> None:
    """Mark the open tasks of some kinds about an enquiry done, because of something else that happened."""
    _close(work, (tasks.c.reference == reference) & tasks.c.kind.in_(kinds), outcome=outcome, actor=actor)


def close_task(work: UnitOfWork, key: str, *, outcome: str, actor: str) -> None:
    """Mark the task with a key done, where it is open, because of something else that happened."""
    _close(work, tasks.c.key == key, outcome=outcome, actor=actor)


def close_tasks_about(work: UnitOfWork, contact_id: UUID, kinds: Sequence[str], *, outcome: str, actor: str) -> None:
    """Mark the open tasks of some kinds about a contact done, because of something else that happened."""
    _close(work, (tasks.c.contact_id == contact_id) & tasks.c.kind.in_(kinds), outcome=outcome, actor=actor)


def _close(work: UnitOfWork, which: ColumnElement[bool], *, outcome: str, actor: str) -> None:
    done = {"done_at": work.now, "done_by": actor, "outcome": outcome}
    mine = which & tasks.c.done_at.is_(None)
    closed = work.connection.execute(update(tasks).where(mine).values(done).returning(*tasks.c)).all()
    for task in closed:
        _note(work, task, Kind.TASK_DONE, actor=actor, now=task.kind, words=outcome)


def _task(work: UnitOfWork, task_id: UUID) -> AnyRow:
    row = work.connection.execute(select(tasks).where(tasks.c.id == task_id).with_for_update()).first()
    if row is None:
        raise Refused("not_found", f"There is no task {task_id}. `keytalk tasks list` shows the ids.")
    return row


def _note(work: UnitOfWork, task: AnyRow, kind: Kind, **step: Any) -> None:
    if task.reference is not None:
        history.write(work, task.reference, kind, about=str(task.id), **step)
