"""`keytalk memos`: who comes in when and with what, on paper, for the gate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit, RunId
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.output import (
    Column,
    local_time,
    note,
    note_when_mail_goes_out,
    say,
    show,
    show_details,
    show_json,
)
from ops.cli.papers import Output, save_paper

app = typer.Typer(no_args_is_help=True)

MemoName = Annotated[
    str, typer.Argument(metavar="MEMO", help="The memo's id, or the id of its run for the newest memo about it.")
]
State = Literal["draft", "sent", "approved", "refused", "out_of_date", "replaced"]

LISTED = (
    Column("memo", "Memo", copyable=True),
    Column("reference", "Enquiry", copyable=True),
    Column("establishment", "Establishment"),
    Column("version", "No."),
    Column("state", "State", copyable=True),
    Column("due_on", "Due", copyable=True),
)
DETAILS = (
    Column("memo", "Memo"),
    Column("reference", "Enquiry"),
    Column("version", "Version"),
    Column("state", "State"),
    Column("establishment", "For"),
    Column("purpose", "Purpose"),
    Column("host", "Host"),
    Column("approval", "Approved as"),
    Column("due_on", "Due at the gate"),
    Column("sent_at", "Sent"),
)
PEOPLE = (
    Column("name", "Full name as on ID"),
    Column("vehicle", "Vehicle"),
    Column("entry", "Inside"),
    Column("visits", "Visits"),
)
VISITS = (
    Column("number", "Session"),
    Column("date", "Date", copyable=True),
    Column("start", "From", copyable=True),
    Column("end", "To", copyable=True),
    Column("arrive_by", "At the gate by", copyable=True),
)


@app.command("make")
def make_memo(
    run: RunId,
    purpose: Annotated[
        str | None, typer.Option(help="What the visits are for; if left out, as before, or the programme's name.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Whom at the prison the gate may call: a post or place; if left out, as before.")
    ] = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Only for one session of the run.")] = None,
    as_json: Json = False,
) -> None:
    """Make a gate memo, or its next version, as a draft."""
    made = connect().call("scheduling", "make_memo", run=run, purpose=purpose, host=host, session=session)
    _print(made, as_json)


@app.command("show")
def show_memo(memo: MemoName, as_json: Json = False) -> None:
    """Show one memo, and what has changed since it was made."""
    _print(connect().call("scheduling", "get_memo", memo=memo), as_json)


@app.command("list")
def list_memos(
    limit: Limit = 50,
    run: Annotated[str | None, typer.Option(metavar="ID", help="Only about one run.")] = None,
    state: Annotated[State | None, typer.Option(case_sensitive=False, help="Only those in this state.")] = None,
    as_json: Json = False,
) -> None:
    """List memos, the one due first first."""
    rows = connect().call("scheduling", "list_memos", limit=limit, run=run, state=state)
    show(rows, LISTED, as_json, empty="No gate memos to show.", limit=limit)


@app.command("send")
def send_memo(memo: MemoName, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Send a draft to the gate: the contact of the enquiry gets it by mail."""
    gateway = connect()
    look = tried(gateway, "scheduling", "send_memo", memo=memo)
    if goes_on(look, _say_would, "Send it?", yes=yes, dry_run=dry_run, as_json=as_json):
        _print(gateway.call("scheduling", "send_memo", memo=memo), as_json)
        if not as_json:
            note_when_mail_goes_out()


@app.command("letter")
def show_letter(memo: MemoName, as_json: Json = False) -> None:
    """Show what is written to the contact about a memo, and which paper goes with it; `pdf` writes that."""
    letter = connect().call("scheduling", "get_memo_letter", memo=memo)
    _print(letter, as_json, hint=False)
    if not as_json:
        say(f"Questions to: {letter['ask']}. With it goes {letter['name']}.")


@app.command("approve")
def approve_memo(
    memo: MemoName,
    approval: Annotated[
        str | None, typer.Option("--as", metavar="NUMBER", help="The prison's own number for it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record that the prison approved a memo."""
    _print(connect().call("scheduling", "approve_memo", memo=memo, approval=approval), as_json)


@app.command("refuse")
def refuse_memo(memo: MemoName, as_json: Json = False) -> None:
    """Record that the prison did not approve a memo. Somebody gets a task to ask what would help."""
    _print(connect().call("scheduling", "refuse_memo", memo=memo), as_json)


@app.command("pdf")
def print_memo(
    memo: MemoName,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Write a memo as a PDF."""
    paper = connect().call("scheduling", "get_memo_pdf", memo=memo)
    save_paper(paper, output, as_json)


def _say_would(sent: dict[str, Any]) -> None:
    _print({**sent, "state": "would be sent", "sent_at": None}, as_json=False, hint=False)
    say("This memo goes with it as a PDF.")


def _print(memo: dict[str, Any], as_json: bool, *, hint: bool = True) -> None:
    if as_json:
        show_json(memo)
        return
    show_details({**memo, "sent_at": local_time(memo["sent_at"])}, DETAILS)
    say("")
    show([{**each, "visits": len(each["dates"])} for each in memo["people"]], PEOPLE, as_json=False)
    show(memo["visits"], VISITS, as_json=False)
    items = "; ".join(f"{each['quantity']} {each['item']}" for each in memo["equipment"])
    say(f"They bring: {items or 'nothing but what everybody may carry'}.")
    for line in memo["amendment"]:
        note(f"Different now. {line}")
    if hint:
        _hint(memo)


def _hint(memo: dict[str, Any]) -> None:
    if memo["amendment"]:
        note(f"To make the next version: keytalk memos make {memo['run']}")
    elif memo["state"] == "draft":
        note(f"To send it: keytalk memos send {memo['memo']}")
