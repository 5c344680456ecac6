"""`keytalk agreements`: what was agreed, who has signed, and what is left of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, pounds, say, show, show_details, show_json
from ops.vocabulary import AGREEMENT_STATES

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Agreement", copyable=True),
    Column("reference", "Enquiry", copyable=True),
    Column("version", "Version"),
    Column("state", "State", copyable=True),
    Column("programme_name", "Programme"),
    Column("establishment", "Establishment"),
    Column("unit", "Unit"),
    Column("agreed_units", "Agreed"),
    Column("balance", "Left"),
    Column("purchase_order", "Purchase order", copyable=True),
)
DETAILS = (
    Column("id", "Agreement"),
    Column("reference", "Enquiry"),
    Column("version", "Version of the proposal"),
    Column("state", "State"),
    Column("programme_name", "Programme"),
    Column("establishment", "Establishment"),
    Column("total", "Total"),
    Column("purchase_order", "Purchase order"),
    Column("signed_at", "Signed by both"),
    Column("ended_at", "Ended"),
    Column("cancellation_terms", "Cancellation"),
)
SIGNED = (
    Column("side", "For"),
    Column("name", "Name"),
    Column("role", "Role"),
    Column("signed_at", "When", copyable=True),
    Column("how", "How"),
)
DRAWN = (
    Column("units", "Units"),
    Column("about", "For"),
    Column("at", "When", copyable=True),
    Column("actor", "Who"),
)

AgreementName = Annotated[
    str,
    typer.Argument(metavar="AGREEMENT", help="The agreement's id, or the enquiry's reference for its newest in force."),
]


@app.command("show")
def show_agreement(agreement: AgreementName, as_json: Json = False) -> None:
    """Show one agreement: its signatures, what was taken up and what is left."""
    _print(connect().call("enquiries", "get_agreement", agreement_id=agreement), as_json)


@app.command("list")
def list_agreements(
    limit: Limit = 50,
    reference: Annotated[str | None, typer.Option("--enquiry", metavar="REF", help="Only of one enquiry.")] = None,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state.", autocompletion=completed_by(AGREEMENT_STATES))
    ] = None,
    as_json: Json = False,
) -> None:
    """List agreements, the newest first."""
    rows = connect().call("enquiries", "list_agreements", limit=limit, reference=reference, state=state)
    show(rows, LISTED, as_json, empty="No agreements to show.", limit=limit)


@app.command("sign")
def sign_agreement(
    agreement: AgreementName,
    name: Annotated[str, typer.Option(help="Who signs for us.")],
    role: Annotated[str | None, typer.Option(help="In which role.")] = None,
    on_paper: Annotated[bool, typer.Option("--on-paper", help="It was signed on paper.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Sign an agreement for us. Once both sides have signed, it stands, and the contact is told."""
    gateway, asked = connect(), {"agreement_id": agreement, "name": name, "role": role, "on_paper": on_paper}
    look = tried(gateway, "enquiries", "sign_agreement", **asked)
    if not goes_on(look, _say_signed, "Sign it for us?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    _print(gateway.call("enquiries", "sign_agreement", **asked), as_json)


@app.command("purchase-order")
def record_purchase_order(
    agreement: AgreementName,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number of the prison's purchase order.")],
    as_json: Json = False,
) -> None:
    """Note the number of the prison's purchase order."""
    noted = connect().call("enquiries", "record_purchase_order", agreement_id=agreement, purchase_order=number)
    _print(noted, as_json)


@app.command("draw")
def draw_down(
    agreement: AgreementName,
    units: Annotated[int, typer.Argument(metavar="UNITS", help="How many places or sessions are taken up.")],
    about: Annotated[str, typer.Option("--for", help="What for, such as session 1 on 12 January.")],
    back: Annotated[bool, typer.Option("--back", help="Give them back instead.")] = False,
    as_json: Json = False,
) -> None:
    """Take up some of what was agreed, or give some back."""
    drawn = connect().call(
        "enquiries", "draw_down", agreement_id=agreement, units=-units if back else units, about=about
    )
    _print(drawn, as_json)


@app.command("end")
def end_agreement(
    agreement: AgreementName,
    reason: Annotated[str, typer.Option(help="Why, in your own words; kept with the enquiry.")],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """End an agreement. This cannot be undone; a new proposal can follow it."""
    gateway, asked = connect(), {"agreement_id": agreement, "reason": reason}
    look = tried(gateway, "enquiries", "end_agreement", **asked)
    if goes_on(look, _say_ended, "End it for good?", yes=yes, dry_run=dry_run, as_json=as_json):
        _print(gateway.call("enquiries", "end_agreement", **asked), as_json)


def _say_signed(agreement: dict[str, Any]) -> None:
    _print({**agreement, "state": f"would be {agreement['state']}"}, as_json=False, hint=False)


def _say_ended(agreement: dict[str, Any]) -> None:
    _print({**agreement, "state": "would be ended"}, as_json=False, hint=False)
    say("Ended, it cannot be taken up again.")


def _print(agreement: dict[str, Any], as_json: bool, *, hint: bool = True) -> None:
    if as_json:
        show_json(agreement)
        return
    show_details({**agreement, "total": pounds(agreement["total_pence"])}, DETAILS)
    unit = agreement["unit"]
    say(f"{agreement['balance']} of {agreement['agreed_units']} {unit}s left.")
    if agreement["signatures"]:
        say("")
        show(agreement["signatures"], SIGNED, as_json=False)
    if agreement["drawn"]:
        show(agreement["drawn"], DRAWN, as_json=False)
    if hint and agreement["state"] == "awaiting_signature":
        say(f"To sign it for us: keytalk agreements sign {agreement['reference']} --name NAME")
