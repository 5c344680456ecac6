"""`keytalk proposals`: offer a programme at a price, and see what became of the offer."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

import typer

from ops.cli.arguments import EnquiryReference, Json, Limit
from ops.cli.client import connect
from ops.cli.output import Column, note, pounds, say, show, show_details, show_json
from ops.cli.papers import Output, save_paper

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("id", "Proposal", copyable=True),
    Column("reference", "Enquiry", copyable=True),
    Column("version", "Version"),
    Column("state", "State", copyable=True),
    Column("programme_name", "Programme"),
    Column("establishment", "Establishment"),
    Column("total", "Total", copyable=True),
    Column("valid_until", "Open until", copyable=True),
)
DETAILS = (
    Column("id", "Proposal"),
    Column("reference", "Enquiry"),
    Column("version", "Version"),
    Column("state", "State"),
    Column("programme_name", "Programme"),
    Column("establishment", "Establishment"),
    Column("valid_until", "Open until"),
    Column("sent_at", "Sent"),
    Column("settled_at", "Settled"),
    Column("notes", "Notes"),
    Column("cancellation_terms", "Cancellation"),
)

_EXTRA = re.compile(
    r"(?P<what>.+?)\s*=\s*(?:(?P<quantity>\d{1,4})x)?(?P<sign>-?)£?(?P<pounds>\d{1,6})(?:\.(?P<pence>\d\d))?", re.ASCII
)

ProposalName = Annotated[
    str,
    typer.Argument(metavar="PROPOSAL", help="The proposal's id, or the enquiry's reference for its newest version."),
]
Why = Annotated[str, typer.Option(help="Why, in your own words; kept with the enquiry.")]


def extra_line(text: str) -> dict[str, Any]:
    """Read an extra line such as `Travel=2x45.50` or `Reduction=-200`; anything else is refused with an example."""
    found = _EXTRA.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"'{text}' is not a line with its price. Write it like Travel=2x45.50.")
    pence = int(Decimal(f"{found['pounds']}.{found['pence'] or '00'}") * 100)
    return {
        "what": found["what"].strip(),
        "quantity": int(found["quantity"] or 1),
        "unit_pence": -pence if found["sign"] else pence,
    }


@app.command("make")
def make_proposal(
    reference: EnquiryReference,
    people: Annotated[int | None, typer.Option(min=1, help="How many people are in the group.")] = None,
    sessions: Annotated[
        int | None, typer.Option(min=1, help="How many sessions, where the programme is priced by them.")
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT=PRICE", help="A further line, like Travel=2x45.50 or Reduction=-200."),
    ] = None,
    valid_days: Annotated[int | None, typer.Option(min=1, help="Days it is open for once it is sent (30).")] = None,
    notes: Annotated[str | None, typer.Option(help="What else the other side should read in it.")] = None,
    terms: Annotated[str | None, typer.Option(help="Other cancellation terms than ours.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why the group may be smaller than the least.")] = None,
    as_json: Json = False,
) -> None:
    """Make a proposal, or its next version, as a draft. What is still open of it is superseded."""
    made = connect().call(
        "enquiries",
        "make_proposal",
        reference=reference,
        people=people,
        sessions=sessions,
        extra_lines=[extra_line(each) for each in extra or ()],
        valid_days=valid_days,
        notes=notes,
        cancellation_terms=terms,
        reason=reason,
    )
    _print(made, as_json)


@app.command("send")
def send_proposal(proposal: ProposalName, as_json: Json = False) -> None:
    """Send a draft: the contact gets a link where it can be read and accepted."""
    _print(connect().call("enquiries", "send_proposal", proposal_id=proposal), as_json)


@app.command("show")
def show_proposal(proposal: ProposalName, as_json: Json = False) -> None:
    """Show one proposal with its lines."""
    _print(connect().call("enquiries", "get_proposal", proposal_id=proposal), as_json)


@app.command("list")
def list_proposals(
    limit: Limit = 50,
    reference: Annotated[str | None, typer.Option("--enquiry", metavar="REF", help="Only of one enquiry.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    as_json: Json = False,
) -> None:
    """List proposals, the newest first."""
    rows = connect().call("enquiries", "list_proposals", limit=limit, reference=reference, state=state)
    told = rows if as_json else [{**row, "total": pounds(row["total_pence"])} for row in rows]
    show(told, LISTED, as_json, empty="No proposals to show.", limit=limit)


@app.command("accept")
def accept_proposal(
    proposal: ProposalName,
    name: Annotated[str, typer.Option(help="Who signed for the prison, as they wrote it.")],
    role: Annotated[str, typer.Option(help="In which role.")],
    purchase_order: Annotated[
        str | None, typer.Option(help="The number of the purchase order, if there is one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record a proposal that came back signed on paper. By the link they do this themselves."""
    agreement = connect().call(
        "enquiries", "accept_proposal", proposal_id=proposal, name=name, role=role, purchase_order=purchase_order
    )
    if as_json:
        show_json(agreement)
        return
    say(f"Accepted: agreement {agreement['id']} is {agreement['state'].replace('_', ' ')}.")
    say(f"To sign it for us: keytalk agreements sign {agreement['reference']} --name NAME")


@app.command("decline")
def decline_proposal(proposal: ProposalName, reason: Why, as_json: Json = False) -> None:
    """Record that the other side said no."""
    _print(connect().call("enquiries", "decline_proposal", proposal_id=proposal, reason=reason), as_json)


@app.command("withdraw")
def withdraw_proposal(proposal: ProposalName, reason: Why, as_json: Json = False) -> None:
    """Take a proposal back."""
    _print(connect().call("enquiries", "withdraw_proposal", proposal_id=proposal, reason=reason), as_json)


@app.command("pdf")
def print_proposal(
    proposal: ProposalName,
    output: Output = None,
) -> None:
    """Write a proposal as a PDF, to be sent or signed on paper."""
    paper = connect().call("enquiries", "get_proposal_pdf", proposal_id=proposal)
    save_paper(paper, output)


def _print(proposal: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(proposal)
        return
    show_details(proposal, DETAILS)
    say("")
    for line in proposal["lines"]:
        say(f"{line['what']}: {line['quantity']} x {pounds(line['unit_pence'])} = {pounds(line['pence'])}")
    say(f"Total: {pounds(proposal['total_pence'])}")
    if proposal["state"] == "draft":
        note(f"To send it: keytalk proposals send {proposal['reference']}")
