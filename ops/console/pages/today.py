"""Today: what needs a person now, from every service; one that is away leaves the rest of the page of use."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import (
    ask,
    ask_where_up,
    asked_again,
    comes_by_itself,
    csv,
    may_ask,
    me,
    only_for,
    page,
    pages,
    the_gateway,
    together,
    wants_csv,
    within,
)
from shared.errors import Refused

NOT_TOLD_SHOWN = 10
NOT_TOLD: tuple[str, str, dict[str, Any]] = ("notifications", "list_not_told", {"limit": NOT_TOLD_SHOWN})
TASKS_SHOWN, IN_FILE = 50, 1000
TASK_COLUMNS = ("title", "due_on", "owner", "reference", "establishment", "kind", "done_at", "id")
DEAD_SHOWN = 5
SERVICES = ("enquiries", "scheduling", "notifications")


@pages.get("/today")
def today() -> Response:
    """Show what needs a person now."""
    only_for("enquiries", "count_today")
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("enquiries", "count_today", {}),
        ("scheduling", "count_today", {}),
        *((service, "list_dead", {"limit": DEAD_SHOWN}) for service in SERVICES),
    ]
    if renewed := comes_by_itself():
        # Loaded once more after each renewal, it would go from the page for that while.
        asked.append(NOT_TOLD)
    answers = together(*(partial(_where_up_and_allowed, *each) for each in asked))
    not_told = answers.pop() if renewed else None
    (enquiries, no_enquiries), (calendar, no_calendar), *dead = answers
    return page(
        "today/today.html",
        form_address=f"{the_gateway().public_url}/enquire",
        enquiries=enquiries,
        calendar=calendar,
        not_told=not_told,
        most=NOT_TOLD_SHOWN,
        dead=[
            {"service": service, "count": len(found), "more": len(found) == DEAD_SHOWN}
            for service, (found, _) in zip(SERVICES, dead, strict=True)
            if found
        ],
        away=[refused.detail for refused in (no_enquiries, no_calendar) if refused is not None],
    )


@pages.get("/today/not-told")
def not_told_today() -> Response:
    """Show the first who have not been told; today loads this once it is drawn, since it takes as long as all else."""
    service, method, arguments = NOT_TOLD
    return page("today/not_told.html", not_told=ask_where_up(service, method, **arguments), most=NOT_TOLD_SHOWN)


def _where_up_and_allowed(service: str, method: str, arguments: dict[str, Any]) -> tuple[Any, Refused | None]:
    """Ask a service, if who is signed in may: None where not, and None with why where the service is away."""
    return ask_where_up(service, method, **arguments) if may_ask(service, method) else (None, None)


@pages.get("/tasks")
def tasks(refused: Refused | None = None) -> Response:
    """List what is to be done, the first due first."""
    chosen = {name: request.args.get(name) or None for name in ("whose", "owner", "when")}
    rows = ask(
        "enquiries",
        "list_tasks",
        limit=IN_FILE if wants_csv() else TASKS_SHOWN,
        mine=chosen["whose"] == "mine",
        owner=chosen["owner"],
        overdue=chosen["when"] == "overdue",
        done=chosen["when"] == "done",
    )
    if wants_csv():
        return csv("tasks", TASK_COLUMNS, ([row[name] for name in TASK_COLUMNS] for row in rows))
    return page("today/tasks.html", rows=rows, chosen=chosen, shown=TASKS_SHOWN, refused=refused, given=request.form)


@pages.post("/tasks")
def add_task_by_hand() -> AnyResponse:
    """Add something to do, about nothing in particular or about an enquiry."""
    form = request.form
    given = {name: form.get(name) or None for name in ("owner", "reference")}
    try:
        ask("enquiries", "add_task", title=form.get("title", ""), due_on=form.get("due_on", ""), **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(tasks, refused)
        return answer
    flash("It is on the list.")
    return redirect(url_for("console.tasks"))


@pages.post("/tasks/<task_id>/<any(finish,take,reopen):what>")
def change_task(task_id: str, what: str) -> AnyResponse:
    """Note that a task is done, take it over, or open it again."""
    calls: dict[str, tuple[str, dict[str, Any], str]] = {
        "finish": ("finish_task", {"outcome": request.form.get("outcome") or None}, "Done, and noted."),
        "take": ("assign_task", {"owner": me().name}, "It is yours."),
        "reopen": ("reopen_task", {}, "It is open again."),
    }
    method, given, done = calls[what]
    ask("enquiries", method, task_id=task_id, **given)
    flash(done)
    return redirect(within(request.form.get("back") or url_for("console.tasks")))
