"""`keytalk quarantine`: look through what was held back as suspected spam, let one in, or close many in one go."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import EnquiryReference, Json, Limit, iso_time
from ops.cli.client import Gateway, connect
from ops.cli.output import Column, note, say, show, show_details, show_json

app = typer.Typer(no_args_is_help=True)

OPENING = 60
"""Characters of the first words that a line of the list shows."""
LISTED = (
    Column("reference", "Reference", copyable=True),
    Column("received_at", "Received", copyable=True),
    Column("score", "Score", copyable=True),
    Column("reasons", "Held because"),
    Column("opening", "First words"),
)
WHOLE = (
    Column("reference", "Reference"),
    Column("standing", "Standing"),
    Column("stage", "Stage"),
    Column("received_at", "Received"),
    Column("channel", "Channel"),
    Column("programme", "Programme"),
    Column("establishment", "Establishment"),
    Column("group_size", "Group size"),
    Column("preferred_times", "Preferred times"),
)
CONTACT = (
    Column("name", "Name"),
    Column("role", "Role"),
    Column("organisation", "Organisation"),
    Column("email", "Email"),
    Column("phone", "Phone"),
)
SPAM = (Column("score", "Score"), Column("reasons", "Held because"))

Reason = Annotated[str | None, typer.Option(help="Why, in your own words; kept with the enquiry.")]


@app.command("list")
def list_quarantine(
    limit: Limit = 200,
    closed: Annotated[bool, typer.Option("--closed", help="Show those that were cleared as well.")] = False,
    as_json: Json = False,
) -> None:
    """List what is held back, the oldest first, with the reasons and the first words."""
    rows = connect().call("enquiries", "list_quarantine", limit=limit, closed=closed)
    if not as_json:
        rows = [{**row, "opening": _first_words(row["opening"])} for row in rows]
    show(rows, LISTED, as_json, empty="Nothing is held back.", limit=limit)


@app.command("show")
def show_suspect(reference: EnquiryReference, as_json: Json = False) -> None:
    """Show one whole: every word that came, and why it is held back."""
    enquiry = connect().call("enquiries", "get_enquiry", reference=reference)
    if as_json:
        show_json(enquiry)
        return
    show_details(enquiry, WHOLE)
    show_details(enquiry["contact"], CONTACT)
    show_details(enquiry["spam"], SPAM)
    if message := enquiry["message"]:
        say(f"\n{message}\n")
    if enquiry["standing"] == "quarantined":
        say(f"To let it in, with thanks to the sender: keytalk quarantine release {enquiry['reference']}")


@app.command("release")
def release(reference: EnquiryReference, reason: Reason = None, as_json: Json = False) -> None:
    """Let one in: it is filed like every other, and its sender is thanked."""
    enquiry = connect().call("enquiries", "release_enquiry", reference=reference, reason=reason)
    if as_json:
        show_json(enquiry)
        return
    say(f"{enquiry['reference']} is filed now, and its sender will be thanked.")


@app.command("clear")
def clear(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="REF...", help="The references; or leave them out, with --all.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Close all that wait.")] = False,
    before: Annotated[
        str | None,
        typer.Option(parser=iso_time, metavar="TIME", help="Close all that came before then, like 2026-12-05T09:00."),
    ] = None,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Close suspects as spam, hundreds in one go. Their words stay readable by their reference for a while."""
    if sum((bool(references), everything, before is not None)) != 1:
        raise typer.BadParameter("Name references, or give --all, or --before with a time: one of the three.")
    gateway = connect()
    if references:
        _ask(len(references), yes)
        cleared = gateway.call("enquiries", "clear_quarantine", references=references, reason=reason)["cleared"]
    else:
        cleared = _clear_all(gateway, before, reason, yes)
    if as_json:
        show_json({"cleared": cleared})
        return
    say(f"{cleared} closed as spam. To see them: keytalk quarantine list --closed")


def _clear_all(gateway: Gateway, before: str | None, reason: str | None, yes: bool) -> int:
    """Close all that came before a moment, and give how many: what comes while somebody decides stays."""
    counted: dict[str, Any] = gateway.call("enquiries", "count_quarantine", before=before)
    if not counted["waiting"]:
        return 0
    _ask(counted["waiting"], yes)
    cleared: int = 0
    while True:
        done = gateway.call("enquiries", "clear_quarantine", all_before=counted["as_of"], reason=reason)
        cleared += int(done["cleared"])
        if not done["left"] or not done["cleared"]:
            return cleared


def _ask(count: int, yes: bool) -> None:
    if yes or typer.confirm(f"Close {count} as spam?", err=True):
        return
    note("Nothing was closed.")
    raise typer.Exit(1)


def _first_words(opening: str | None) -> str:
    words = " ".join((opening or "").split())
    return words if len(words) <= OPENING else f"{words[:OPENING].rstrip()}..."
