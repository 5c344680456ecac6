"""`keytalk enquiries matches`, `merge` and the like: what an enquiry may be the same as, and who it is from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import EnquiryReference, Json
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_json

app = typer.Typer()

MATCHES = (
    Column("kind", "May be", copyable=True),
    Column("id", "Id", copyable=True),
    Column("name", "Who or what"),
    Column("score", "Points", copyable=True),
    Column("reasons", "Why"),
    Column("state", "State", copyable=True),
)

Reason = Annotated[str | None, typer.Option(help="Why, in your own words; kept with both enquiries.")]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="The reference of the other enquiry.")]


@app.command("matches")
def list_matches(
    reference: EnquiryReference,
    settled: Annotated[bool, typer.Option("--settled", help="Also what was taken or refused.")] = False,
    as_json: Json = False,
) -> None:
    """Show which organisation, person or other enquiry this may be, and why. Nothing is merged by itself."""
    rows = connect().call("enquiries", "list_matches", reference=reference, settled=settled)
    show(rows, MATCHES, as_json, empty=f"Nothing is known that {reference} may be the same as.")
    if rows and not as_json:
        say(f"The same ask: keytalk enquiries merge {reference} --into REF; another: not-duplicate {reference} REF.")
        say(f"The same person or organisation: keytalk enquiries link {reference} --contact ID, or --organisation ID;")
        say(f"another: keytalk enquiries not-match {reference} ID.")


@app.command("merge")
def merge_enquiry(
    reference: EnquiryReference,
    into: Annotated[str, typer.Option(help="The reference of the enquiry it is laid with: mostly the older.")],
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Lay two enquiries together: both keep every word, and either reference leads to the thread."""
    merged = connect().call("enquiries", "merge_enquiry", reference=reference, into=into, reason=reason)
    _print(merged, as_json, f"{merged['reference']} lies with {merged['thread'][0]} now. Both references go on.")


@app.command("unmerge")
def unmerge_enquiry(reference: EnquiryReference, reason: Reason = None, as_json: Json = False) -> None:
    """Take an enquiry out of the thread it was laid with; it is where it was before."""
    apart = connect().call("enquiries", "unmerge_enquiry", reference=reference, reason=reason)
    _print(apart, as_json, f"{apart['reference']} is an enquiry of its own again.")


@app.command("not-duplicate")
def not_duplicate(reference: EnquiryReference, other: Other, as_json: Json = False) -> None:
    """Remember that two enquiries are not the same ask, so that neither is suggested for the other again."""
    said = connect().call("enquiries", "not_duplicate", reference=reference, other=other)
    _print(said, as_json, f"{' and '.join(said['not_duplicates'])} are remembered as two different asks.")


@app.command("not-match")
def refuse_match(
    reference: EnquiryReference,
    target: Annotated[str, typer.Argument(metavar="ID", help="The contact or organisation that was suggested.")],
    as_json: Json = False,
) -> None:
    """Say that an enquiry is not from the person or organisation that was suggested."""
    said = connect().call("enquiries", "refuse_match", reference=reference, target=target)
    _print(said, as_json, f"That is not suggested for {said['reference']} again.")


@app.command("link")
def link_enquiry(
    reference: EnquiryReference,
    contact: Annotated[str | None, typer.Option(help="The id of the contact it is from.")] = None,
    organisation: Annotated[str | None, typer.Option(help="The id of the organisation it is from.")] = None,
    write_to: Annotated[str | None, typer.Option(help="The id of the contact to write to about it.")] = None,
    as_json: Json = False,
) -> None:
    """Say who an enquiry is from, of which organisation, or who to write to about it."""
    who = {"contact": contact, "organisation": organisation, "write_to": write_to}
    said = connect().call("enquiries", "link_enquiry", reference=reference, **who)
    _print(said, as_json, f"{said['reference']} is linked. See it with: keytalk enquiries show {said['reference']}")


def _print(answer: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        show_json(answer)
    else:
        say(sentence)
