"""`keytalk clearances`: who may work in which establishment, and for how long."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.client import connect
from ops.cli.output import Column, say, show_details, show_json

app = typer.Typer(no_args_is_help=True)

DETAILS = (
    Column("facilitator", "Facilitator"),
    Column("establishment", "Establishment"),
    Column("level", "Level"),
    Column("valid_from", "From"),
    Column("valid_until", "Until"),
)


@app.callback()
def clearances() -> None:
    """Say who may work in which establishment."""  # a callback keeps `grant` a word of its own


@app.command("grant")
def grant_clearance(
    *,
    facilitator: Annotated[str, typer.Option(metavar="ID", help="As `keytalk facilitators list` shows it.")],
    establishment: Annotated[str, typer.Option(metavar="ID", help="As `keytalk establishments list` shows it.")],
    valid_from: Annotated[
        str, typer.Option("--from", parser=iso_date, metavar="DATE", help="The first day it covers.")
    ],
    valid_until: Annotated[
        str, typer.Option("--until", parser=iso_date, metavar="DATE", help="The last day it covers.")
    ],
    level: Annotated[str, typer.Option(help="The level of clearance.")] = "standard",
    as_json: Json = False,
) -> None:
    """Record a facilitator's clearance for one establishment."""
    clearance = connect().call(
        "scheduling",
        "grant_clearance",
        facilitator=facilitator,
        establishment=establishment,
        valid_from=valid_from,
        valid_until=valid_until,
        level=level,
    )
    if as_json:
        show_json(clearance)
        return
    say("The clearance is recorded.")
    show_details(clearance, DETAILS)
