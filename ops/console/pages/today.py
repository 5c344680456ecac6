"""Today: what needs a person now, from every service; one that is away leaves the rest of the page of use."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, ask_where_up, asked_again, csv, may_ask, me, page, pages, wants_csv, within
from shared.errors import Refused

NOT_TOLD_SHOWN = 10
TASKS_SHOWN, IN_FILE = 50, 1000
TASK_COLUMNS = ("title", "due_on", "owner", "reference", "establishment", "kind", "done_at", "id")
DEAD_SHOWN = 5
SERVICES = ("enquiries", "scheduling", "notifications")


@pages.get("/today")
def today() -> Response:
    """Show what needs a person now."""
    enquiries, away = ask_where_up("enquiries", "count_today")
    calendar, calendar_away = (
        ask_where_up("scheduling", "count_today") if may_ask("scheduling", "count_today") else (None, None)
    )
    not_told, messages_away = (
        ask_where_up("notifications", "list_not_told", limit=NOT_TOLD_SHOWN)
        if may_ask("notifications", "list_not_told")
        else (None, None)
    )
    return page(
        "today/today.html",
        enquiries=enquiries,
        calendar=calendar,
        not_told=not_told,
        dead=_dead() if may_ask("enquiries", "list_dead") else [],
        away=[refused.detail for refused in (away, calendar_away, messages_away) if refused is not None],
    )


def _dead() -> list[dict[str, Any]]:
    """Give the services in which events wait for an operator, with how many."""
    waiting = []
    for service in SERVICES:
        found, _away = ask_where_up(service, "list_dead", limit=DEAD_SHOWN)
        if found:
            waiting.append({"service": service, "count": len(found), "more": len(found) == DEAD_SHOWN})
    return waiting


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
