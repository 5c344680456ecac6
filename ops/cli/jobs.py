"""`keytalk jobs`: run scheduled work as if it were another time, to try things out."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.arguments import Json, iso_time
from ops.cli.client import connect
from ops.cli.output import plain, say, show_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def jobs() -> None:
    """Run scheduled work on request."""  # a callback keeps `run-due` a word of its own


@app.command("run-due")
def run_due(
    as_of: Annotated[
        str,
        typer.Option(
            parser=iso_time,
            metavar="TIME",
            help="Like 2027-01-04T15:00, London time unless it says otherwise.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Do what would be due at a time, reminders above all; for trying out, not for production."""
    result = connect().call("notifications", "run_due_jobs", as_of=as_of)
    if as_json:
        show_json(result)
        return
    for name, value in result.items():
        # Lists are told by their length: --json has what is in them.
        say(f"{name.replace('_', ' ')}: {len(value) if isinstance(value, list) else plain(value)}")
