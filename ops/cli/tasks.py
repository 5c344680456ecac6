"""`keytalk tasks`: what is to be done, by whom and by when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit, iso_date
from ops.cli.client import connect
from ops.cli.output import Column, day_in_words, say, show, show_json

app = typer.Typer(no_args_is_help=True)

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="The task's id, as `keytalk tasks list` shows it.")]

LISTED = (
    Column("id", "Task", copyable=True),
    Column("due_on", "Due", copyable=True),
    Column("reference", "Enquiry", copyable=True),
    Column("establishment", "Establishment"),
    Column("title", "What"),
    Column("owner", "Whose"),
)
DONE = (*LISTED, Column("done_at", "Done", copyable=True), Column("done_by", "By"), Column("outcome", "Outcome"))


@app.command("list")
def list_tasks(
    *,
    mine: Annotated[bool, typer.Option("--mine", help="Only mine, and those of my enquiries.")] = False,
    owner: Annotated[str | None, typer.Option(metavar="WHO", help="Only theirs, and those of their enquiries.")] = None,
    due: Annotated[
        str | None, typer.Option("--due", parser=iso_date, metavar="DATE", help="Only those due by this day.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those whose day is past.")] = False,
    enquiry: Annotated[str | None, typer.Option(metavar="REF", help="Only those about this enquiry.")] = None,
    done: Annotated[bool, typer.Option("--done", help="What is done, the latest first.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List what is to be done, the first due first."""
    asked = {"owner": owner, "mine": mine, "due_by": due, "overdue": overdue, "reference": enquiry, "done": done}
    rows = connect().call("enquiries", "list_tasks", limit=limit, **asked)
    show(rows, DONE if done else LISTED, as_json, empty="Nothing to do here.", limit=limit)


@app.command("add")
def add_task(
    title: Annotated[str, typer.Argument(metavar="WHAT", help="What is to be done, with nobody's personal details.")],
    due: Annotated[str, typer.Option("--due", parser=iso_date, metavar="DATE", help="By when, like 2027-01-12.")],
    enquiry: Annotated[str | None, typer.Option(metavar="REF", help="The enquiry it is about.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="WHO", help="Whose it is.")] = None,
    as_json: Json = False,
) -> None:
    """Add a task."""
    _tell(_call("add_task", title=title, due_on=due, reference=enquiry, owner=owner), as_json, "Added")


@app.command("assign")
def assign_task(
    task: TaskId,
    owner: Annotated[
        str | None, typer.Argument(metavar="WHO", help="Leave it out for whoever has the enquiry.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Give a task to someone."""
    _tell(_call("assign_task", task_id=task, owner=owner), as_json, "Assigned")


@app.command("done")
def finish_task(
    task: TaskId,
    outcome: Annotated[str | None, typer.Option(help="What came of it.")] = None,
    as_json: Json = False,
) -> None:
    """Mark a task done."""
    _tell(_call("finish_task", task_id=task, outcome=outcome), as_json, "Done")


@app.command("reopen")
def reopen_task(
    task: TaskId,
    reason: Annotated[str | None, typer.Option(help="Why it is to be done again.")] = None,
    as_json: Json = False,
) -> None:
    """Open a task again that was marked done."""
    _tell(_call("reopen_task", task_id=task, reason=reason), as_json, "Open again")


def _call(method: str, **arguments: Any) -> dict[str, Any]:
    task: dict[str, Any] = connect().call("enquiries", method, **arguments)
    return task


def _tell(task: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        show_json(task)
        return
    whose = f", {task['owner']}'s" if task["owner"] else ""
    say(f"{done}: {task['title']} (due {day_in_words(task['due_on'])}{whose}). Its id is {task['id']}.")
