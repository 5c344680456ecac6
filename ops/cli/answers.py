"""`keytalk answers` and `keytalk suppressions`: what came back by mail, and the addresses that are not written to."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.asking import DryRun, Reason, Yes, goes_on
from ops.cli.client import CommandRefused, Gateway, connect
from ops.cli.output import Column, local_time, note, say, show, show_json
from ops.cli.whom import names_for, whom

app = typer.Typer(no_args_is_help=True)
suppressions = typer.Typer(no_args_is_help=True)

Kind = Literal["report", "complaint", "automatic", "circular", "own", "reply", "unreadable"]
Outcome = Literal[
    "bounced",
    "delivered",
    "complained",
    "filed",
    "noted",
    "counted",
    "unmatched",
    "not_believed",
    "not_filed",
    "waiting",
]

READ = (
    Column("read_at", "Read", copyable=True),
    Column("kind", "Kind", copyable=True),
    Column("outcome", "What became of it", copyable=True),
    Column("about", "Enquiry", copyable=True),
    Column("message", "Answers message", copyable=True),
)
HELD_BACK = (
    Column("id", "Id", copyable=True),
    Column("since", "Since", copyable=True),
    Column("recipient", "Recipient", copyable=True),
    Column("why", "Why"),
    Column("lifted", "Lifted"),
)

_MOST_KNOWN = 1000
"""How many suppressions can be looked through before one is lifted."""

Suppression = Annotated[
    str, typer.Argument(metavar="ID", help="As `keytalk suppressions list` shows it, or the id of the message.")
]


@app.command("list")
def list_answers(
    kind: Annotated[Kind | None, typer.Option(help="Only those of this kind.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only those of which this became.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the mails that were read from the mailbox, the last first. Their words are not kept here."""
    gateway = connect()
    rows = gateway.call("notifications", "list_answers", kind=kind, outcome=outcome, limit=limit)
    show(rows, READ, as_json, empty="Nothing has come back by mail.", limit=limit)
    if not as_json:
        note(_of_the_mailbox(gateway.call("notifications", "get_mailbox")))


@app.command("mailbox")
def show_mailbox(as_json: Json = False) -> None:
    """Say whether a mailbox is read, when it last was, and what came of it in the last seven days."""
    mailbox = connect().call("notifications", "get_mailbox")
    if as_json:
        show_json(mailbox)
        return
    say(_of_the_mailbox(mailbox))
    for outcome, count in sorted(mailbox["lately"].items()):
        say(f"{outcome}: {count}")


@app.command("read")
def read_mailbox(as_json: Json = False) -> None:
    """Read the mailbox at once, instead of with the next minute."""
    asked = connect().call("notifications", "read_mailbox_now")
    if as_json:
        show_json(asked)
        return
    say(
        "The mailbox is being read. Whether it could be: keytalk answers mailbox. What came of it: keytalk answers list"
    )


@suppressions.command("list")
def list_suppressions(
    lifted: Annotated[bool, typer.Option("--lifted", help="Show those that were lifted as well.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the addresses that turned mail down for good, the newest first, by whom they belong to."""
    gateway = connect()
    rows = gateway.call("notifications", "list_suppressions", lifted=lifted, limit=limit)
    names = {} if as_json else names_for(gateway, [row["recipient"] or "" for row in rows])
    told = rows if as_json else [{**row, "recipient": _whose(row, names), "lifted": _lifting(row)} for row in rows]
    show(told, HELD_BACK, as_json, empty="No address is held back here.", limit=limit)
    if not as_json:
        note("Contacts who are marked as bounced: keytalk contacts list --status bounced")


@suppressions.command("lift")
def lift_suppression(
    suppression: Suppression, reason: Reason, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Write to an address again, such as when its mailbox was opened anew. What was not sent stays unsent."""
    gateway = connect()

    def look() -> list[dict[str, Any]]:
        known = gateway.call("notifications", "list_suppressions", lifted=True, limit=_MOST_KNOWN)
        named = _named(known, suppression)
        if not named and len(known) < _MOST_KNOWN:
            raise CommandRefused(f"No suppression is known as {suppression}. `keytalk suppressions list` shows them.")
        return named

    if not goes_on(
        look, partial(_say_lifted, gateway), "Write to it again?", yes=yes, dry_run=dry_run, as_json=as_json
    ):
        return
    done = gateway.call("notifications", "lift_suppression", suppression=suppression, reason=reason)
    if as_json:
        show_json(done)
        return
    say(f"Lifted: mail to {_whose(done, names_for(gateway, [done['recipient'] or '']))} is sent again.")
    if (contact := _bounced_contact(gateway, done)) is not None:
        say("The contact is still marked as bounced, so nothing goes to them yet.")
        note(f"Where this is their address: keytalk contacts back {contact} --reason WORDS")
        note(f"Where they have another: keytalk contacts change {contact} --email ADDRESS")


def _of_the_mailbox(mailbox: dict[str, Any]) -> str:
    if not mailbox["is_set"]:
        return "No mailbox is read: KEYTALK_IMAP_URL is not set."
    name, when, fault = mailbox["mailbox"], mailbox["read_at"], mailbox["fault"]
    last = f"{name} was last read at {local_time(when)}." if when else f"{name} was not read yet."
    return f"{last} It could not be read at {local_time(fault['at'])}: {fault['why']}." if fault else last


def _named(rows: list[dict[str, Any]], which: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["id"].startswith(which.lower()[:16]) or row["message"] == which.lower()]


def _say_lifted(gateway: Gateway, rows: list[dict[str, Any]]) -> None:
    say(_what_is_known(rows, names_for(gateway, [row["recipient"] or "" for row in rows])))
    note("From then on messages go to this address again. What was held back is sent by `keytalk messages resend`.")
    note(
        "A contact who is marked as bounced stays so until you say otherwise: keytalk contacts back, or change --email"
    )


def _whose(row: dict[str, Any], names: dict[str, str]) -> str:
    return whom(row["recipient"], names) if row["recipient"] else "this address"


def _bounced_contact(gateway: Gateway, row: dict[str, Any]) -> str | None:
    """Give the id of the contact it belongs to, where they are marked as bounced, else None."""
    kind, _colon, key = str(row["recipient"] or "").partition(":")
    if kind != "enquirer":
        return None
    try:
        contact = gateway.call("enquiries", "get_enquiry", reference=key)["contact"]
    except CommandRefused:
        return None
    return contact["id"] if contact.get("status") == "bounced" else None


def _what_is_known(named: list[dict[str, Any]], names: dict[str, str]) -> str:
    if len(named) != 1:
        return "Nothing is known of it by that id alone; the whole list: keytalk suppressions list --lifted"
    [row] = named
    return f"The address of {_whose(row, names)}, held back since {local_time(row['since'])}. {row['why']}"


def _lifting(row: dict[str, Any]) -> str:
    return f"{local_time(row['lifted_at'])}, {row['lifted_by']}: {row['lifted_because']}" if row["lifted_at"] else ""
