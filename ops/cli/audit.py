"""`keytalk audit`: what was asked for, by whom and why."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import connect
from ops.cli.output import Column, show, show_csv

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("at", "When", copyable=True),
    Column("actor", "By", copyable=True),
    Column("operation", "What", copyable=True),
    Column("subject", "About", folds=True),
    Column("reason", "Reason"),
    Column("changes", "Change"),
)
FILED = (*LISTED, Column("correlation_id", "Correlation id"), Column("id", "Row"))


@app.command("list")
def list_audit(
    *,
    actor: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this operator asked for.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="ID", help="Only about this reference or id.")] = None,
    before: Annotated[str | None, typer.Option(metavar="ROW", help="Only before the row of this id.")] = None,
    limit: Limit = 50,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
    as_json: Json = False,
) -> None:
    """List every change that was asked for and every look at personal data, the newest first."""
    rows = connect().call("ops", "list_audit", limit=limit, actor=actor, subject=subject, before=before)
    if as_csv:
        show_csv(rows, FILED)
    else:
        show(rows, LISTED, as_json, empty="Nothing was asked for yet.", limit=limit)
