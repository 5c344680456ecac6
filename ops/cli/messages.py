"""`keytalk messages`: every message Keytalk has sent, will send, or chose not to, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import connect
from ops.cli.output import Column, local_time, show

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("recipient", "Recipient", folds=True),
    Column("occasion", "Occasion", folds=True),
    Column("state", "State", copyable=True),
    Column("why", "Why"),
    Column("due_at", "Due", copyable=True),
    Column("accepted_at", "Accepted", copyable=True),
)


@app.callback()
def messages() -> None:
    """Look at the ledger of messages."""  # a callback keeps `list` a word of its own


@app.command("list")
def list_messages(
    state: Annotated[str | None, typer.Option(help="Only the messages in this state.")] = None,
    occasion: Annotated[str | None, typer.Option(help="Only the messages of this occasion.")] = None,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """List messages, to whom, on what occasion and how each one stands; --json has their ids as well."""
    rows = connect().call("notifications", "list_messages", limit=limit, state=state, occasion=occasion)
    told = rows if as_json else [_in_words(row) for row in rows]
    show(told, LISTED, as_json, empty="No messages to show.", limit=limit)


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{name: local_time(row.get(name)) for name in ("due_at", "accepted_at")}}
