"""`keytalk mail`: the mailbox on this machine, where Keytalk delivers when it runs without a mail server."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_json

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("to", "To", copyable=True),
    Column("subject", "Subject"),
    Column("date", "Date"),
    Column("message_id", "Message-ID", copyable=True),
    Column("path", "File", copyable=True),
)


@app.command("list")
def list_mail(limit: Limit = 200, as_json: Json = False) -> None:
    """List the mails in the mailbox."""
    rows = connect().call("notifications", "list_mail", limit=limit)
    show(rows, LISTED, as_json, empty="The mailbox is empty.", limit=limit)


@app.command("show")
def show_mail(
    message_id: Annotated[
        str, typer.Argument(metavar="MESSAGE_ID", help="As `keytalk mail list` shows it, in quotes.")
    ],
    as_json: Json = False,
) -> None:
    """Show one mail: its headers, its words and what is attached."""
    mail = connect().call("notifications", "get_mail", message_id=message_id)
    if as_json:
        show_json(mail)
    else:
        _print(mail)


def _print(mail: dict[str, Any]) -> None:
    for name, value in mail["headers"].items():
        say(f"{name}: {value}")
    say(f"\n{_lines(mail['text'])}")
    for attached in mail.get("attachments", []):
        say(f"\nAttached: {attached['filename']} ({attached['content_type']})")
        say(_lines(attached.get("text") or ""))


def _lines(text: str) -> str:
    # Mails and calendar files end their lines the internet's way.
    return text.replace("\r\n", "\n").rstrip()
