"""`keytalk enquiries list` and `search`, and `keytalk filters`: find enquiries, and keep how they were found."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, note, say, show, show_csv, show_json
from ops.vocabulary import SIDES, STAGES, STANDINGS

app = typer.Typer()
filters = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("reference", "Reference", copyable=True),
    Column("stage", "Stage", copyable=True),
    Column("owner", "Owner"),
    Column("waiting_on", "Waiting on"),
    Column("establishment", "Establishment"),
    Column("programme", "Programme"),
    Column("received_at", "Received", copyable=True),
)
FOUND = (LISTED[0], Column("standing", "Standing", copyable=True), *LISTED[1:])
KEPT = (Column("name", "Name"), Column("filter", "Shows"), Column("at", "Kept since", copyable=True))

Stage = Annotated[str | None, typer.Option(help="Only those at this stage.", autocompletion=completed_by(STAGES))]
Standing = Annotated[
    str | None,
    typer.Option(
        help="filed (as without this option), quarantined, merged, or any of them.",
        autocompletion=completed_by(STANDINGS),
    ),
]
Owner = Annotated[str | None, typer.Option(help="Only those that this person looks after.")]
WaitingOn = Annotated[
    str | None, typer.Option(help="Whose turn it is: us, prison or funder.", autocompletion=completed_by(SIDES))
]
Programme = Annotated[str | None, typer.Option(help="Only those for this programme.")]
Establishment = Annotated[str | None, typer.Option(help="Only those for this establishment: its id or name.")]
From = Annotated[str | None, typer.Option("--from", help="Received on this day or later, such as 2027-01-05.")]
To = Annotated[str | None, typer.Option("--to", help="Received on this day or earlier.")]
Overdue = Annotated[bool | None, typer.Option("--overdue/--not-overdue", help="Whether a first reply is due.")]
Task = Annotated[bool | None, typer.Option("--open-task/--no-open-task", help="Whether there is something to do.")]
Text = Annotated[str | None, typer.Option(help="Only those in which these words are found.")]
After = Annotated[str | None, typer.Option(help="Go on after this cursor, as --json shows it.")]
Words = Annotated[list[str], typer.Argument(metavar="WORDS", help="Words, beginnings of words, or a reference.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the filter.")]


@app.command("list")
def list_enquiries(
    limit: Limit = 50,
    stage: Stage = None,
    standing: Standing = None,
    owner: Owner = None,
    waiting_on: WaitingOn = None,
    programme: Programme = None,
    establishment: Establishment = None,
    received_from: From = None,
    received_to: To = None,
    overdue: Overdue = None,
    has_open_task: Task = None,
    text: Text = None,
    saved: Annotated[str | None, typer.Option("--filter", metavar="NAME", help="Use a filter that you keep.")] = None,
    after: After = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
) -> None:
    """List enquiries, the newest first."""
    asked = _given(
        stage=stage,
        standing=standing,
        owner=owner,
        waiting_on=waiting_on,
        programme=programme,
        establishment=establishment,
        received_from=received_from,
        received_to=received_to,
        overdue=overdue,
        has_open_task=has_open_task,
        text=text,
        saved=saved,
        after=after,
    )
    rows = connect().call("enquiries", "list_enquiries", limit=limit, **asked)
    if as_csv:
        show_csv(rows, LISTED)
        return
    show(rows, LISTED, as_json, empty="No enquiries to show.", limit=limit)


@app.command("search")
def search_enquiries(
    words: Words, limit: Limit = 50, standing: Standing = None, after: After = None, as_json: Json = False
) -> None:
    """Find enquiries by what is in them: words, people, places or a reference, merged and quarantined ones too."""
    asked = _given(standing=standing, after=after)
    rows = connect().call("enquiries", "search_enquiries", words=" ".join(words), limit=limit, **asked)
    show(rows, FOUND, as_json, empty="Nothing was found. Try fewer words, or only the beginning of one.", limit=limit)


@filters.command("list")
def list_filters(as_json: Json = False) -> None:
    """List the filters that you keep."""
    show(connect().call("enquiries", "list_filters"), KEPT, as_json, empty="You keep no filters yet.")


@filters.command("save")
def save_filter(
    name: Name,
    stage: Stage = None,
    standing: Standing = None,
    owner: Owner = None,
    waiting_on: WaitingOn = None,
    programme: Programme = None,
    establishment: Establishment = None,
    received_from: From = None,
    received_to: To = None,
    overdue: Overdue = None,
    has_open_task: Task = None,
    text: Text = None,
    as_json: Json = False,
) -> None:
    """Keep a filter under a name; one of that name is replaced."""
    fields = _given(
        stage=stage,
        standing=standing,
        owner=owner,
        waiting_on=waiting_on,
        programme=programme,
        establishment=establishment,
        received_from=received_from,
        received_to=received_to,
        overdue=overdue,
        has_open_task=has_open_task,
        text=text,
    )
    kept = connect().call("enquiries", "save_filter", name=name, fields=fields)
    if as_json:
        show_json(kept)
        return
    say(f"Kept as '{kept['name']}'.")
    note(f'Use it: keytalk enquiries list --filter "{kept["name"]}"')


@filters.command("forget")
def forget_filter(name: Name, as_json: Json = False) -> None:
    """Keep a filter no longer."""
    gone = connect().call("enquiries", "forget_filter", name=name)
    if as_json:
        show_json(gone)
        return
    say(f"'{gone['forgotten']}' is kept no longer.")


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
