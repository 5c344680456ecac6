"""`keytalk mail`: the mailbox on this machine, where Keytalk delivers when it runs without a mail server."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.client import CommandRefused, Gateway, connect
from ops.cli.output import Column, local_time, note, say, show, show_json

app = typer.Typer(no_args_is_help=True)

SHORT = 12
"""How much of a Message-ID, which begins with a hash, is enough to name a mail by."""
MOST = 1000

LISTED = (
    Column("date", "Date", copyable=True),
    Column("to", "To", folds=True),
    Column("subject", "Subject"),
    Column("mail", "Mail", copyable=True),
)


@app.command("list")
def list_mail(limit: Limit = 200, as_json: Json = False) -> None:
    """List the mails in the mailbox on this machine, the newest first; --json has the files they lie in as well."""
    rows = connect().call("notifications", "list_mail", limit=limit)
    told = rows if as_json else [_in_words(row) for row in rows]
    show(told, LISTED, as_json, empty="The mailbox is empty.", limit=limit)


@app.command("show")
def show_mail(
    message_id: Annotated[
        str, typer.Argument(metavar="MAIL", help="As `keytalk mail list` shows it; or its Message-ID, in quotes.")
    ],
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FOLDER", help="Write what is attached into this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one mail: its headers, its words and what is attached."""
    gateway = connect()
    mail = gateway.call("notifications", "get_mail", message_id=_in_full(gateway, message_id))
    if as_json:
        show_json(mail)
    else:
        _print(mail)
    if save is not None:
        _save(mail["attachments"], save)


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "date": local_time(row["date"]), "mail": row["message_id"].lstrip("<")[:SHORT]}


def _in_full(gateway: Gateway, named: str) -> str:
    """Give the Message-ID of a mail that is named by the beginning of it; a whole one is given as it came."""
    if "@" in named:
        return named
    rows = gateway.call("notifications", "list_mail", limit=MOST)
    found = {row["message_id"] for row in rows if row["message_id"].lstrip("<").startswith(named)}
    if len(found) == 1:
        return str(found.pop())
    why = "More than one mail has" if found else "No mail here has"
    raise CommandRefused(f"{why} a name that begins with {named}. `keytalk mail list` shows their names.")


def _print(mail: dict[str, Any]) -> None:
    for name, value in mail["headers"].items():
        say(f"{name}: {value}")
    say(f"\n{_lines(mail['text'])}")
    for attached in mail.get("attachments", []):
        say(f"\nAttached: {attached['filename']} ({_what_is(attached)})")


def _what_is(attached: dict[str, Any]) -> str:
    entries = attached["text"].count("BEGIN:VEVENT")
    counted = f"{entries} {'session' if entries == 1 else 'sessions'}, " if entries else ""
    return counted + str(attached["content_type"])


def _save(attachments: list[dict[str, Any]], folder: Path) -> None:
    """Write what is attached to a mail into a folder, and say where it is."""
    for attached in attachments:
        path = folder / (Path(attached["filename"]).name or "attachment")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(attached["content"]))
        except OSError as error:
            raise CommandRefused(f"{path} cannot be written: {error.strerror}.") from error
        note(f"Saved: {path}")


def _lines(text: str) -> str:
    # Mails and calendar files end their lines the internet's way.
    return text.replace("\r\n", "\n").rstrip()
