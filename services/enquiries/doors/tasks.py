"""What is to be done, by whom and by when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.enquiries.domain.playbooks import BY_HAND
from services.enquiries.domain.references import normalise_reference
from services.enquiries.doors.words import named, optional_words, today, words_wanted
from services.enquiries.handlers import pipeline, tasks
from services.enquiries.queries.tasks import TasksWanted, get_task, list_tasks
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork

_MOST = 200


class TaskDoors:
    """The doors to tasks."""

    store: Store

    @operation
    def list_tasks(
        self,
        limit: int = 200,
        owner: str | None = None,
        mine: bool = False,
        due_by: str | None = None,
        overdue: bool = False,
        reference: str | None = None,
        done: bool = False,
        actor: str | None = None,
    ) -> list[dict[str, Any]]:
        """List tasks, the first due first; `mine` are those of whoever asks, `due_by` (YYYY-MM-DD) is the last day."""
        yesterday = today(self.store) - timedelta(days=1)
        wanted = TasksWanted(
            owner=actor if mine else owner,
            due_by=yesterday if overdue else _day(due_by) if due_by else None,
            reference=normalise_reference(reference) if reference else None,
            done=done,
        )
        with self.store.database.reading() as connection:
            return list_tasks(connection, wanted, limit=page_size(limit))

    @change
    def add_task(
        self,
        title: str,
        due_on: str,
        reference: str | None = None,
        owner: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Add a task by hand, about an enquiry or about nothing in particular."""
        what = words_wanted(title, "title", _MOST, today(self.store))
        due = _day(due_on, "due_on")
        with self.store.work() as work:
            about = pipeline.in_the_pipeline(work, normalise_reference(reference)).reference if reference else None
            task_id = work.new_id()
            tasks.add_task(
                work,
                key=None,
                kind=BY_HAND,
                title=what,
                due_on=due,
                reference=about,
                owner=named(owner),
                actor=actor or "unnamed",
                task_id=task_id,
            )
            return _answer(work, task_id)

    @change
    def assign_task(self, task_id: str, owner: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Give a task to someone; without an owner, it is for whoever has its enquiry."""
        which = _id(task_id)
        with self.store.work() as work:
            tasks.assign_task(work, which, owner=named(owner), actor=actor or "unnamed")
            return _answer(work, which)

    @change
    def finish_task(self, task_id: str, outcome: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Mark a task done, with what came of it."""
        which, said = _id(task_id), optional_words(outcome, "outcome", today(self.store))
        with self.store.work() as work:
            tasks.finish_task(work, which, outcome=said, actor=actor or "unnamed")
            return _answer(work, which)

    @change
    def reopen_task(self, task_id: str, reason: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Have a task that was done be done again."""
        which, said = _id(task_id), optional_words(reason, "reason", today(self.store))
        with self.store.work() as work:
            tasks.reopen_task(work, which, reason=said, actor=actor or "unnamed")
            return _answer(work, which)


def _answer(work: UnitOfWork, task_id: UUID) -> dict[str, Any]:
    return work.answer(get_task(work.connection, task_id))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        why = f"'{text}' is not the id of a task. `keytalk tasks list` shows the ids."
        raise Refused("invalid", why, {"task_id": [why]}) from None


def _day(text: str, field: str = "due_by") -> date:
    try:
        return date.fromisoformat(text)
    except (ValueError, TypeError):
        why = "Write a date such as 2027-01-12."
        raise Refused("invalid", why, {field: [why]}) from None
