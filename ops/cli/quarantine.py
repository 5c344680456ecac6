"""`keytalk quarantine`: look through what was held back as suspected spam, let one in, or close many in one go."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import EnquiryReference, Json, Limit, iso_time
from ops.cli.asking import DryRun, Reason, Yes, goes_on, tried
from ops.cli.client import Gateway, connect
from ops.cli.output import Column, say, show, show_details, show_json
from ops.cli.waiting import counting

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

MaybeReason = Annotated[str | None, typer.Option("--reason", help="Why, in your own words; kept with the enquiry.")]


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
def release(
    reference: EnquiryReference,
    reason: MaybeReason = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let one in: it is filed like every other, and its sender is thanked."""
    gateway = connect()
    look = tried(gateway, "enquiries", "release_enquiry", reference=reference, reason=reason)
    if not goes_on(look, _say_released, "Let it in?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    enquiry = gateway.call("enquiries", "release_enquiry", reference=reference, reason=reason)
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
    *,
    reason: Reason,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Close suspects as spam, hundreds in one go. Their words stay readable by their reference for a while."""
    if sum((bool(references), everything, before is not None)) != 1:
        raise typer.BadParameter("Name references, or give --all, or --before with a time: one of the three.")
    gateway = connect()

    def look() -> dict[str, Any]:
        if references:
            return {"waiting": len(references), "references": references}
        counted: dict[str, Any] = gateway.call("enquiries", "count_quarantine", before=before)
        return counted

    # What comes while somebody decides stays: what is closed came before the moment of counting.
    found = look()
    question = f"Close {found['waiting']} as spam?"
    if not found["waiting"]:
        cleared = 0
    elif not goes_on(lambda: found, _say_cleared, question, yes=yes, dry_run=dry_run, as_json=as_json):
        return
    elif references:
        cleared = gateway.call("enquiries", "clear_quarantine", references=references, reason=reason)["cleared"]
    else:
        cleared = _clear_all(gateway, found, reason)
    if as_json:
        show_json({"cleared": cleared})
        return
    say(f"{cleared} closed as spam. To see them: keytalk quarantine list --closed")


def _clear_all(gateway: Gateway, counted: dict[str, Any], reason: str) -> int:
    """Close all that came before the moment of counting, a turn after another, and give how many."""
    cleared: int = 0
    with counting("Closing as spam", counted["waiting"]) as tell:
        while True:
            done = gateway.call("enquiries", "clear_quarantine", all_before=counted["as_of"], reason=reason)
            cleared += int(done["cleared"])
            tell(cleared)
            if not done["left"] or not done["cleared"]:
                return cleared


def _say_released(enquiry: dict[str, Any]) -> None:
    say(f"{enquiry['reference']} would be filed like every other.")


def _say_cleared(found: dict[str, Any]) -> None:
    count = found["waiting"]
    say(f"{count} {'is' if count == 1 else 'are'} closed as spam, and no sender is written to.")
    for reference in found.get("references", ()):
        say(f"     {reference}")


def _first_words(opening: str | None) -> str:
    words = " ".join((opening or "").split())
    return words if len(words) <= OPENING else f"{words[:OPENING].rstrip()}..."
