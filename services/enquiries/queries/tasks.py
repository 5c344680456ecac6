"""What is to be done, and what a checklist says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from services.enquiries.domain.checklists import items_of
from services.enquiries.tables import checklists, enquiries, tasks
from shared.errors import Refused
from shared.persistence.types import AnyRow

_whose = func.coalesce(tasks.c.owner, enquiries.c.owner)
"""A task that nobody was given is for whoever has its enquiry."""


@dataclass(frozen=True, slots=True)
class TasksWanted:
    """Which tasks to list; what is None or False leaves none out. `due_by` is the last day on which they are due."""

    owner: str | None = None
    due_by: date | None = None
    reference: str | None = None
    done: bool = False


def list_tasks(connection: Connection, wanted: TasksWanted, *, limit: int) -> list[dict[str, Any]]:
    """List tasks, the first due first; those that are done only where `done` asks for them, the latest first.

    Each has id, kind, title, due_on (ISO), owner (its own, else its enquiry's), reference, contact_id,
    establishment, created_by, and once it is done done_at, done_by and outcome.
    """
    query = _tasks().where(tasks.c.done_at.is_not(None) if wanted.done else tasks.c.done_at.is_(None))
    if wanted.owner is not None:
        query = query.where(_whose == wanted.owner)
    if wanted.due_by is not None:
        query = query.where(tasks.c.due_on <= wanted.due_by)
    if wanted.reference is not None:
        query = query.where(tasks.c.reference == wanted.reference)
    order = (tasks.c.done_at.desc(),) if wanted.done else (tasks.c.due_on,)
    return [_task(row) for row in connection.execute(query.order_by(*order, tasks.c.id).limit(limit))]


def get_task(connection: Connection, task_id: UUID) -> dict[str, Any]:
    """Give one task, as `list_tasks` has it. Raises `Refused("not_found")`."""
    row = connection.execute(_tasks().where(tasks.c.id == task_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no task {task_id}. `keytalk tasks list` shows the ids.")
    return _task(row)


def checklist_of(connection: Connection, reference: str, programme: str) -> list[dict[str, Any]]:
    """Give the questions of an enquiry's programme with what is known.

    Each has item, stage, question, and answer (yes, no, not_needed or None), note, at (ISO) and actor.
    """
    known = {row.item: row for row in connection.execute(select(checklists).where(checklists.c.reference == reference))}
    return [
        {"item": item.key, "stage": item.stage.value, "question": item.question, **_answer(known.get(item.key))}
        for item in items_of(programme)
    ]


def _tasks() -> Select[Any]:
    return select(*tasks.c, _whose.label("whose"), enquiries.c.establishment).outerjoin(
        enquiries, enquiries.c.reference == tasks.c.reference
    )


def _task(row: AnyRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "title": row.title,
        "due_on": row.due_on.isoformat(),
        "owner": row.whose,
        "reference": row.reference,
        "contact_id": str(row.contact_id) if row.contact_id else None,
        "establishment": row.establishment,
        "created_by": row.created_by,
        "done_at": row.done_at.isoformat() if row.done_at else None,
        "done_by": row.done_by,
        "outcome": row.outcome,
    }


def _answer(row: AnyRow | None) -> dict[str, Any]:
    if row is None:
        return {"answer": None, "note": None, "at": None, "actor": None}
    return {"answer": row.answer, "note": row.note, "at": row.at.isoformat(), "actor": row.actor}
