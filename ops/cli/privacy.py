"""`keytalk privacy`: what is held on a person, to give and to erase, and what has had its time."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit, iso_date
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import Gateway, connect
from ops.cli.output import Column, note, say, show, show_details, show_json
from ops.telling import TELLS

app = typer.Typer(no_args_is_help=True)

SHORTEST_REASON, LONGEST_REASON = 3, 200

REQUESTED = (
    Column("kind", "Asked for"),
    Column("received_on", "Received"),
    Column("due_on", "Due by law"),
    Column("internal_due_on", "Due by our own rule"),
    Column("request_id", "Request"),
)
REQUESTS = (
    Column("id", "Id", copyable=True),
    Column("kind", "Kind", copyable=True),
    Column("state", "State", copyable=True),
    Column("received_on", "Received", copyable=True),
    Column("due_on", "Due", copyable=True),
    Column("closed_at", "Closed"),
    Column("actor", "Who"),
)
DUE = (
    Column("record", "Record", copyable=True),
    Column("key", "Which", copyable=True),
    Column("since", "Since", copyable=True),
    Column("period", "Kept for"),
    Column("counted_from", "Counted from"),
    Column("goes", "What goes"),
)
GONE = (Column("what", "Erased"), Column("count", "How many"))
KEPT = (Column("what", "Kept"), Column("count", "How many"), Column("why", "Why"), Column("until", "Until"))


def reason_of(text: str) -> str:
    """Read a reason of a few words and give it back without the spaces around it; else refuse it."""
    if SHORTEST_REASON <= len(reason := text.strip()) <= LONGEST_REASON:
        return reason
    raise typer.BadParameter(f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters; it is kept.")


Person = Annotated[str, typer.Argument(metavar="PERSON", help="Their email address, or a contact's id.")]
Received = Annotated[
    str | None,
    typer.Option("--received", parser=iso_date, metavar="DATE", help="The day they asked, if it was not today."),
]


@app.command("export")
def export_person(person: Person, _as_json: Json = True) -> None:
    """Print everything that is held on a person, in every service: as JSON always, which is what they are given."""
    show_json(connect().call("enquiries", "export_person", person=person))


@app.command("erase")
def erase_person(
    person: Person,
    reason: Annotated[
        str,
        typer.Option("--reason", parser=reason_of, metavar="TEXT", help="Why, without naming them; it is kept."),
    ],
    received: Received = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Erase a person everywhere, and print the receipt: what went, what stays and why. This cannot be undone."""
    gateway, asked = connect(), {"person": person, "reason": reason, "received_on": received}

    def look() -> dict[str, Any]:
        known = _known(gateway, person)
        return {**known, TELLS: tried(gateway, "enquiries", "erase_person", **asked)()[TELLS]}

    if not goes_on(look, _say_erased, "Erase them everywhere?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    receipt = gateway.call("enquiries", "erase_person", **asked)
    if as_json:
        show_json(receipt)
    else:
        _print(receipt)


@app.command("request")
def note_request(
    person: Person,
    kind: Annotated[Literal["export", "erasure"], typer.Option("--kind", help="What they ask for.")],
    received: Received = None,
    as_json: Json = False,
) -> None:
    """Note that a person asks for their data or to be erased, and by when that is due."""
    asked = connect().call("enquiries", "note_data_request", person=person, kind=kind, received_on=received)
    if as_json:
        show_json(asked)
        return
    show_details(asked, REQUESTED)
    say(f"To meet it: keytalk privacy {'export' if kind == 'export' else 'erase'} PERSON")


@app.command("requests")
def list_requests(limit: Limit = 100, as_json: Json = False) -> None:
    """List what people asked for, those that wait first."""
    rows = connect().call("enquiries", "list_data_requests", limit=limit)
    show(rows, REQUESTS, as_json, empty="Nobody has asked for their data or to be erased.", limit=limit)


@app.command("retention")
def retention(
    limit: Limit = 200,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let go now of what has had its time, as happens every night. What goes is shown first, and cannot come back."""
    gateway = connect()
    look = partial(gateway.call, "enquiries", "preview_retention", limit=limit)
    tell = partial(_say_due, limit)
    if not goes_on(look, tell, "Let go of it now?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    begun = gateway.call("enquiries", "run_retention")
    if as_json:
        show_json(begun)
        return
    say("It has begun. The log says what went, in counts.")


def _known(gateway: Gateway, person: str) -> dict[str, Any]:
    """Give who is meant, as far as we know them as a contact."""
    if "@" not in person:
        return {"person": person, "contacts": [gateway.call("enquiries", "get_contact", contact=person)]}
    return {"person": person, "contacts": gateway.call("enquiries", "list_contacts", search=person, limit=10)}


def _say_erased(known: dict[str, Any]) -> None:
    for each in known["contacts"]:
        say(f"{each['name'] or 'Somebody without a name'} <{each['email'] or 'no address'}>, {each['status']}")
    if not known["contacts"]:
        say(f"No contact has the address {known['person']}; it may stand elsewhere.")
    say("What every service holds on this person is erased, but for what has to be kept. This cannot be taken back.")
    say(f"To see all of it first: keytalk privacy export {known['person']}")


def _say_due(limit: int, rows: list[dict[str, Any]]) -> None:
    show(rows, DUE, as_json=False, empty="Nothing has had its time.")
    full = [record for record, count in Counter(row["record"] for row in rows).items() if count >= limit]
    if full:
        note(f"These are the first {limit} of {', '.join(full)}; there may be more: ask for them with --limit.")


def _print(receipt: dict[str, Any]) -> None:
    if receipt["repeated"]:
        say("They were erased already, and nothing has come from them since. This was the receipt:")
    show_details({"kind": "erasure", **receipt}, REQUESTED)
    say("")
    gone = [{"what": what, "count": count} for what, count in receipt["erased"].items()]
    show(gone, GONE, as_json=False, empty="There was nothing to erase.")
    show(receipt["kept"], KEPT, as_json=False, empty="Nothing is kept.")
    if receipt["to_look_at"]:
        say(f"Others may name them in their own words. Please look at: {', '.join(receipt['to_look_at'])}.")
    say("The other services drop what they hold within seconds. Mail that was sent is in its readers' hands.")
