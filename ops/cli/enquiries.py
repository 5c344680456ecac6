"""`keytalk enquiries`: read what people asked for and move it along."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import EnquiryReference, Json
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, note, say, show, show_details, show_json
from ops.cli.talking import CHECKLIST
from ops.cli.tasks import LISTED as LISTED_TASKS
from ops.timeline import told
from ops.vocabulary import STAGES

app = typer.Typer(no_args_is_help=True)

DETAILS = (
    Column("reference", "Reference"),
    Column("merged_into", "Merged into"),
    Column("stage", "Stage"),
    Column("owner", "Whose"),
    Column("waiting_on", "Waiting on"),
    Column("waiting_since", "Waiting since"),
    Column("first_reply_due_at", "First reply due"),
    Column("first_reply_at", "First reply"),
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
    Column("status", "Contact is"),
)
ASKED_BY = (
    Column("name", "Asked by"),
    Column("role", "Their role"),
    Column("organisation", "Their organisation"),
    Column("email", "Their email"),
    Column("phone", "Their phone"),
)
PART = (
    Column("reference", "Merged with this"),
    Column("received_at", "Received"),
    Column("group_size", "Group size"),
    Column("preferred_start", "Preferred start"),
    Column("preferred_times", "Preferred times"),
)
TIMELINE = (
    Column("at", "When", copyable=True),
    Column("sentence", "What"),
    Column("reason", "Words"),
)


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
            autocompletion=completed_by(STAGES),
        ),
    ],
    reason: Annotated[str | None, typer.Option(help="Why, in your own words; kept with the move.")] = None,
    as_json: Json = False,
) -> None:
    """Move an enquiry to another stage."""
    moved = connect().call("enquiries", "move_enquiry", reference=reference, to=stage, reason=reason)
    if as_json:
        show_json(moved)
        return
    say(f"{moved['reference']} is at {moved['stage']} now.")
    _print_what_next(moved)


def _print(enquiry: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(enquiry)
        return
    show_details(enquiry, DETAILS)
    show_details(enquiry.get("contact") or {}, CONTACT)
    _print_asker(enquiry)
    if message := enquiry.get("message"):
        say(f"\n{message}")
    for part in enquiry.get("merged") or ():
        _print_part(part)
    if timeline := enquiry.get("timeline"):
        say("")
        show(told(timeline, enquiry.get("tasks") or ()), TIMELINE, as_json=False)
    if tasks := enquiry.get("tasks"):
        say("")
        show(tasks, LISTED_TASKS, as_json=False)
    if checklist := enquiry.get("checklist"):
        say("")
        show(checklist, CHECKLIST, as_json=False)
    _print_what_next(enquiry)


def _print_what_next(enquiry: dict[str, Any]) -> None:
    """Print where an enquiry can go, and what was open when it was moved."""
    if stages := enquiry.get("next_stages"):
        say(f"From here it can go to: {', '.join(stages)}.")
        say(f"To move it: keytalk enquiries move {enquiry['reference']} STAGE")
    for sentence in enquiry.get("left_open") or ():
        note(f"Open when it was moved. {sentence}")


def _print_asker(enquiry: dict[str, Any]) -> None:
    """Print who asked, where someone else is written to."""
    contact, asked_by = enquiry.get("contact") or {}, enquiry.get("asked_by") or {}
    if asked_by.get("email") != contact.get("email") or asked_by.get("name") != contact.get("name"):
        show_details(asked_by, ASKED_BY)


def _print_part(part: dict[str, Any]) -> None:
    """Print an enquiry that was merged into the one shown: in its own words, with its own history."""
    say("")
    show_details(part, PART)
    show_details(part["asked_by"], ASKED_BY)
    if message := part.get("message"):
        say(f"\n{message}")
    for rows, columns in ((told(part["timeline"], part["tasks"]), TIMELINE), (part["tasks"], LISTED_TASKS)):
        if rows:
            say("")
            show(rows, columns, as_json=False)
