"""`keytalk facilitators`: the people who lead sessions."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_json

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Id", copyable=True),
    Column("name", "Name"),
    Column("email", "Email", copyable=True),
    Column("cleared_for", "Cleared for"),
)


@app.command("add")
def add_facilitator(
    name: Annotated[str, typer.Option(help="Their full name.")],
    email: Annotated[str, typer.Option(help="Where their letters and calendar files go.")],
    as_json: Json = False,
) -> None:
    """Add a facilitator."""
    added = connect().call("scheduling", "add_facilitator", name=name, email=email)
    if as_json:
        show_json(added)
        return
    say(f"{added['name']} is added, with the id {added['id']}.")
    say(
        "Next, say where they are cleared to work: keytalk clearances grant "
        f"--facilitator {added['id']} --establishment ID --from DATE --until DATE"
    )


@app.command("list")
def list_facilitators(as_json: Json = False) -> None:
    """List facilitators and the establishments they are cleared for."""
    people = connect().call("scheduling", "list_facilitators")
    rows = people if as_json else [_with_clearances_in_words(person) for person in people]
    show(rows, LISTED, as_json, empty="No facilitators yet. Add one with: keytalk facilitators add")


def _with_clearances_in_words(person: dict[str, Any]) -> dict[str, Any]:
    held = [
        f"{one['establishment']} ({one['level']}, {one['valid_from']} to {one['valid_until']})"
        for one in person.get("clearances", [])
    ]
    return {**person, "cleared_for": "\n".join(held)}
