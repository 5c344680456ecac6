"""`keytalk enquiries`: read what people asked for and move it along."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import EnquiryReference, Json, Limit
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_details, show_json

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("reference", "Reference", copyable=True),
    Column("stage", "Stage", copyable=True),
    Column("establishment", "Establishment"),
    Column("programme", "Programme"),
    Column("received_at", "Received", copyable=True),
)
DETAILS = (
    Column("reference", "Reference"),
    Column("stage", "Stage"),
    Column("waiting_on", "Waiting on"),
    Column("programme", "Programme"),
    Column("establishment", "Establishment"),
    Column("establishment_id", "Establishment id"),
    Column("group_size", "Group size"),
    Column("preferred_start", "Preferred start"),
    Column("preferred_times", "Preferred times"),
    Column("received_at", "Received"),
    Column("acknowledged_at", "Acknowledged"),
)
CONTACT = (
    Column("name", "Contact"),
    Column("role", "Role"),
    Column("organisation", "Organisation"),
    Column("email", "Email"),
    Column("phone", "Phone"),
)
TIMELINE = (
    Column("at", "When", copyable=True),
    Column("actor", "Who"),
    Column("from", "From"),
    Column("to", "To"),
    Column("reason", "Reason"),
)


@app.command("list")
def list_enquiries(
    limit: Limit = 50,
    stage: Annotated[str | None, typer.Option(help="Only the enquiries at this stage.")] = None,
    as_json: Json = False,
) -> None:
    """List enquiries with the stage each one is at."""
    rows = connect().call("enquiries", "list_enquiries", limit=limit, stage=stage)
    show(rows, LISTED, as_json, empty="No enquiries to show.", limit=limit)


@app.command("show")
def show_enquiry(reference: EnquiryReference, as_json: Json = False) -> None:
    """Show one enquiry: what was asked, by whom, and what has happened since."""
    _print(connect().call("enquiries", "get_enquiry", reference=reference), as_json)


@app.command("move")
def move_enquiry(
    reference: EnquiryReference,
    stage: Annotated[
        str,
        typer.Argument(
            metavar="STAGE",
            help="availability, suitability, next_steps, agreement or won; to close it: declined, withdrawn, "
            "lapsed, duplicate or spam.",
        ),
    ],
    reason: Annotated[str | None, typer.Option(help="Why, in your own words; kept with the move.")] = None,
    as_json: Json = False,
) -> None:
    """Move an enquiry to another stage."""
    _print(connect().call("enquiries", "move_enquiry", reference=reference, to=stage, reason=reason), as_json)


def _print(enquiry: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(enquiry)
        return
    show_details(enquiry, DETAILS)
    show_details(enquiry.get("contact") or {}, CONTACT)
    if message := enquiry.get("message"):
        say(f"\n{message}")
    if timeline := enquiry.get("timeline"):
        say("")
        show(timeline, TIMELINE, as_json=False)
    if stages := enquiry.get("next_stages"):
        say(f"From here it can go to: {', '.join(stages)}.")
        say(f"To move it: keytalk enquiries move {enquiry['reference']} STAGE")
