"""`keytalk messages`: every message Keytalk has sent, will send, or chose not to, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import connect
from ops.cli.output import Column, show

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Id", copyable=True),
    Column("recipient", "Recipient", copyable=True),
    Column("occasion", "Occasion"),
    Column("state", "State", copyable=True),
    Column("why", "Why"),
    Column("due_at", "Due", copyable=True),
    Column("accepted_at", "Accepted", copyable=True),
    Column("message_id", "Message-ID", copyable=True),
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
    """List messages, to whom, on what occasion and how each one stands."""
    rows = connect().call("notifications", "list_messages", limit=limit, state=state, occasion=occasion)
    show(rows, LISTED, as_json, empty="No messages to show.", limit=limit)
