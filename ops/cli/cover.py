"""`keytalk offers`: ask facilitators whether they would lead sessions, and take their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.output import Column, day_in_words, note_when_mail_goes_out, say, show, show_details, show_json

offers = typer.Typer(no_args_is_help=True)

SessionId = Annotated[
    str, typer.Argument(metavar="SESSION", help="The session's id, as `keytalk runs show RUN --ids` has it.")
]
FacilitatorId = Annotated[
    str, typer.Option(metavar="ID", help="The facilitator's id, as `keytalk facilitators list` shows it.")
]
OfferId = Annotated[str, typer.Argument(metavar="OFFER", help="The offer's id, as `keytalk offers list` shows it.")]
Role = Literal["cover", "regular"]
State = Literal["open", "accepted", "declined", "withdrawn", "lapsed"]

LISTED = (
    Column("offer", "Offer", copyable=True),
    Column("name", "Facilitator"),
    Column("establishment", "Establishment"),
    Column("count", "Sessions"),
    Column("role", "As", copyable=True),
    Column("state", "State", copyable=True),
    Column("until", "Answer by", copyable=True),
)
DETAILS = (
    Column("offer", "Offer"),
    Column("state", "State"),
    Column("name", "Facilitator"),
    Column("place", "Establishment"),
    Column("role", "As"),
    Column("instead", "Instead of"),
    Column("until", "Answer by"),
)


@offers.command("make")
def make_offer(
    *,
    session: Annotated[
        list[str], typer.Option(metavar="ID", help="The session; give the option once for each, all of one run.")
    ],
    facilitator: FacilitatorId,
    role: Annotated[
        Role, typer.Option("--as", case_sensitive=False, help="As cover, or as one of the regular team.")
    ] = "cover",
    instead_of: Annotated[str | None, typer.Option(metavar="ID", help="Whom they would stand in for.")] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Ask a facilitator whether they would lead sessions. They get a letter with a link to answer by."""
    ask = {"sessions": session, "facilitator": facilitator, "role": role, "instead_of": instead_of}
    made = _do(
        "make_offer", ask, "They are asked by mail, with a link to say yes or no. Ask them?", yes, dry_run, as_json
    )
    if made and not as_json:
        note_when_mail_goes_out()


@offers.command("list")
def list_offers(
    limit: Limit = 50,
    run: Annotated[str | None, typer.Option(metavar="ID", help="Only of one run.")] = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Only for one session.")] = None,
    state: Annotated[State | None, typer.Option(case_sensitive=False, help="Only those in this state.")] = None,
    as_json: Json = False,
) -> None:
    """List offers, the newest first."""
    rows = connect().call("scheduling", "list_offers", limit=limit, run=run, session=session, state=state)
    told = rows if as_json else [_in_words(row) for row in rows]
    show(told, LISTED, as_json, empty="No offers to show.", limit=limit)


@offers.command("show")
def show_offer(offer: OfferId, as_json: Json = False) -> None:
    """Show one offer with its sessions."""
    _print(connect().call("scheduling", "get_offer", offer=offer), as_json)


@offers.command("letter")
def show_letter(offer: OfferId, as_json: Json = False) -> None:
    """Show what an open offer's letter says, with its link. Give the link to the facilitator alone."""
    letter = connect().call("scheduling", "get_offer_letter", offer=offer)
    _print(letter, as_json)
    if not as_json:
        say(f"\nLink: {letter['link']}")


@offers.command("accept")
def accept_offer(offer: OfferId, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Record a yes, such as one on the telephone. By their link, facilitators do this themselves."""
    question = "Everybody on the run is told by mail, and others who were asked hear that it is covered. Go on?"
    _do("accept_offer", {"offer": offer}, question, yes, dry_run, as_json)


@offers.command("decline")
def decline_offer(offer: OfferId, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Record a no. It needs no reason, and none is kept."""
    question = "The offer is closed then, and the ops team is told by mail. Close it?"
    _do("decline_offer", {"offer": offer}, question, yes, dry_run, as_json)


@offers.command("withdraw")
def withdraw_offer(offer: OfferId, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take an open offer back; the facilitator is told."""
    question = "They are told by mail, and so is the ops team. Take it back?"
    _do("withdraw_offer", {"offer": offer}, question, yes, dry_run, as_json)


def moment(iso: str) -> str:
    """Write an instant as local time in London."""
    from shared.clock import LONDON  # noqa: PLC0415 - nothing of `shared` is loaded before the launcher

    at = datetime.fromisoformat(iso).astimezone(LONDON)
    return f"{at:%H:%M} on {at:%a} {at.day} {at:%b %Y}"


def _do(method: str, ask: dict[str, Any], question: str, yes: bool, dry_run: bool, as_json: bool) -> bool:
    """Show what would happen, ask, do it and print it; give whether it was done."""
    gateway = connect()
    look = tried(gateway, "scheduling", method, **ask)
    if not goes_on(look, _say_would, question, yes=yes, dry_run=dry_run, as_json=as_json):
        return False
    _print(gateway.call("scheduling", method, **ask), as_json)
    return True


def _say_would(offer: dict[str, Any]) -> None:
    say(f"{offer['facilitator']['name']} would have this offer {offer['state']}:")
    for session in offer["sessions"]:
        say(_session(session))


def _print(offer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(offer)
        return
    show_details(_whole_in_words(offer), DETAILS)
    say("")
    for session in offer["sessions"]:
        say(_session(session))


def _session(session: dict[str, Any]) -> str:
    others = ", ".join(session["with"]) or "nobody else yet"
    hours = f"{session['start']} to {session['end']}"
    return f"{session['number']:>3}  {day_in_words(session['date'])}, {hours}, with {others}"


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "count": len(row["sessions"]), "until": moment(row["answer_by"])}


def _whole_in_words(offer: dict[str, Any]) -> dict[str, Any]:
    return {
        **offer,
        "name": offer["facilitator"]["name"],
        "place": offer["establishment"]["name"],
        "instead": offer["instead_of"]["name"] if offer["instead_of"] else None,
        "until": moment(offer["answer_by"]),
    }
