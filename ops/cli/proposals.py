"""`keytalk proposals`: offer a programme at a price, and see what became of the offer."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

import typer

from ops.cli.arguments import EnquiryReference, Json, Limit
from ops.cli.asking import DryRun, Yes, contact_of, goes_on, tried
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, note, note_when_mail_goes_out, pounds, say, show, show_details, show_json
from ops.cli.papers import Output, save_paper
from ops.vocabulary import PROPOSAL_STATES

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
LETTER = (
    Column("to", "To"),
    Column("people", "At"),
    Column("programme", "Programme"),
    Column("total", "Total"),
    Column("valid_until", "Open until"),
    Column("link", "Link"),
    Column("ask", "Questions to"),
)

_EXTRA = re.compile(
    r"(?P<what>.+?)\s*=\s*(?:(?P<quantity>\d{1,4})x)?(?P<sign>-?)£?(?P<pounds>\d{1,6})(?:\.(?P<pence>\d\d))?", re.ASCII
)

ProposalName = Annotated[
    str,
    typer.Argument(metavar="PROPOSAL", help="The proposal's id, or the enquiry's reference for its newest version."),
]
Why = Annotated[str, typer.Option("--reason", help="Why, in your own words; kept with the enquiry.")]


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
def send_proposal(proposal: ProposalName, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Send a draft: the contact gets a link where it can be read and accepted."""
    sent = _do("send_proposal", "Send it?", {"proposal_id": proposal}, yes=yes, dry_run=dry_run, as_json=as_json)
    if sent is not None:
        _print(sent, as_json)
        if not as_json:
            note_when_mail_goes_out()


@app.command("show")
def show_proposal(proposal: ProposalName, as_json: Json = False) -> None:
    """Show one proposal with its lines."""
    _print(connect().call("enquiries", "get_proposal", proposal_id=proposal), as_json)


@app.command("list")
def list_proposals(
    limit: Limit = 50,
    reference: Annotated[str | None, typer.Option("--enquiry", metavar="REF", help="Only of one enquiry.")] = None,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state.", autocompletion=completed_by(PROPOSAL_STATES))
    ] = None,
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
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Record a proposal that came back signed on paper. By the link they do this themselves."""
    asked = {"proposal_id": proposal, "name": name, "role": role, "purchase_order": purchase_order}
    agreement = _do("accept_proposal", "Record it as accepted?", asked, yes=yes, dry_run=dry_run, as_json=as_json)
    if agreement is None:
        return
    if as_json:
        show_json(agreement)
        return
    say(f"Accepted: agreement {agreement['id']} is {agreement['state'].replace('_', ' ')}.")
    say(f"To sign it for us: keytalk agreements sign {agreement['reference']} --name NAME")


@app.command("decline")
def decline_proposal(
    proposal: ProposalName, reason: Why, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Record that the other side said no. They are thanked by mail."""
    asked = {"proposal_id": proposal, "reason": reason}
    settled = _do("decline_proposal", "Record it as declined?", asked, yes=yes, dry_run=dry_run, as_json=as_json)
    if settled is not None:
        _print(settled, as_json)


@app.command("withdraw")
def withdraw_proposal(
    proposal: ProposalName, reason: Why, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Take a proposal back: its link answers no more. Whoever has it is told so, without the reason."""
    asked = {"proposal_id": proposal, "reason": reason}
    settled = _do("withdraw_proposal", "Take it back?", asked, yes=yes, dry_run=dry_run, as_json=as_json)
    if settled is not None:
        _print(settled, as_json)


@app.command("pdf")
def print_proposal(
    proposal: ProposalName,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Write a proposal as a PDF, to be sent or signed on paper."""
    paper = connect().call("enquiries", "get_proposal_pdf", proposal_id=proposal)
    save_paper(paper, output, as_json)


@app.command("letter")
def show_letter(proposal: ProposalName, as_json: Json = False) -> None:
    """Show what is written to the contact about a proposal that is open, with its link. Give the link to them alone."""
    letter = connect().call("enquiries", "get_proposal_letter", proposal_id=proposal)
    if as_json:
        show_json(letter)
        return
    show_details({**letter, "to": contact_of(letter), "people": letter["contact"]["organisation"]}, LETTER)


def _do(
    method: str, question: str, asked: dict[str, Any], *, yes: bool, dry_run: bool, as_json: bool
) -> dict[str, Any] | None:
    """Show a proposal as it would be and who is told, ask, and do it; give what came of it, if anything did."""
    gateway = connect()
    look = tried(gateway, "enquiries", method, **asked)
    if not goes_on(look, _say_would, question, yes=yes, dry_run=dry_run, as_json=as_json):
        return None
    done: dict[str, Any] = gateway.call("enquiries", method, **asked)
    return done


def _say_would(found: dict[str, Any]) -> None:
    if "lines" in found:
        _print({**found, "state": f"would be {found['state']}"}, as_json=False, hint=False)
    else:
        say(f"An agreement for {found['reference']} would begin, and would be {found['state'].replace('_', ' ')}.")


def _print(proposal: dict[str, Any], as_json: bool, *, hint: bool = True) -> None:
    if as_json:
        show_json(proposal)
        return
    show_details(proposal, DETAILS)
    say("")
    for line in proposal["lines"]:
        say(f"{line['what']}: {line['quantity']} x {pounds(line['unit_pence'])} = {pounds(line['pence'])}")
    say(f"Total: {pounds(proposal['total_pence'])}")
    if hint and proposal["state"] == "draft":
        note(f"To send it: keytalk proposals send {proposal['reference']}")
