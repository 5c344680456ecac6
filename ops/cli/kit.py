"""`keytalk kit`: what runs bring in, what prisons say to it, and whether it all came out again."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, RunId, iso_date
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.cover import SessionId
from ops.cli.output import Column, note, say, show, show_json

app = typer.Typer(no_args_is_help=True)

EstablishmentId = Annotated[str, typer.Argument(metavar="ESTABLISHMENT", help="The prison's id, like RSI.")]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="The item, as the kit list has it.")]
Counts = Annotated[
    list[str], typer.Argument(metavar="ITEM=NUMBER...", help='How many of each, like "acupuncture needles=120".')
]

LISTED = (
    Column("item", "Item"),
    Column("quantity", "How many"),
    Column("risk", "Risk"),
    Column("counted", "Counted"),
    Column("instead_of", "Instead of"),
    Column("standing", "Stands", copyable=True),
    Column("valid_until", "Until", copyable=True),
)
APPROVALS = (
    Column("item", "Item"),
    Column("state", "State", copyable=True),
    Column("valid_until", "Until", copyable=True),
    Column("approval", "Approved as", copyable=True),
    Column("by", "Recorded by"),
)


@app.command("list")
def show_kit_list(run: RunId, as_json: Json = False) -> None:
    """Show what a run brings, and how each item stands with the prison."""
    _print_list(connect().call("scheduling", "get_kit_list", run=run), as_json)


@app.command("at")
def list_approvals(establishment: EstablishmentId, as_json: Json = False) -> None:
    """Show what a prison says to items of kit."""
    _print_approvals(connect().call("scheduling", "list_kit_approvals", establishment=establishment), as_json)


@app.command("request")
def request_kit(
    establishment: EstablishmentId,
    items: Annotated[list[str], typer.Argument(metavar="ITEM...", help="The items, as the kit list has them.")],
    as_json: Json = False,
) -> None:
    """Note that a prison was asked about items."""
    rows = connect().call("scheduling", "request_kit", establishment=establishment, items=items)
    _print_approvals(rows, as_json)


@app.command("approve")
def approve_kit(
    establishment: EstablishmentId,
    item: Item,
    until: Annotated[
        str | None, typer.Option(parser=iso_date, metavar="DATE", help="The last day; leave it out for no end.")
    ] = None,
    approval: Annotated[
        str | None, typer.Option("--as", metavar="NUMBER", help="The prison's own number for it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record that a prison lets an item in."""
    said = {"establishment": establishment, "item": item, "until": until, "approval": approval}
    _print_approvals(connect().call("scheduling", "approve_kit", **said), as_json)


@app.command("refuse")
def refuse_kit(
    establishment: EstablishmentId, item: Item, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Record that a prison does not let an item in. For each run there that needs it, somebody gets a task."""
    gateway = connect()
    said = {"establishment": establishment, "item": item}
    look = tried(gateway, "scheduling", "refuse_kit", **said)
    if not goes_on(look, _print_refused, "Record it?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    refused = gateway.call("scheduling", "refuse_kit", **said)
    if as_json:
        show_json(refused)
    else:
        _print_refused(refused)


@app.command("leave-out")
def leave_out_kit(
    run: RunId,
    item: Item,
    instead: Annotated[str | None, typer.Option(metavar="OTHER", help="What is brought instead.")] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Have a run do without an item, or bring something else. A memo that names it is then out of date."""
    _bring("leave_out_kit", {"run": run, "item": item, "instead": instead}, yes, dry_run, as_json)


@app.command("bring")
def bring_kit(run: RunId, item: Item, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Have a run bring again what it was to do without."""
    _bring("bring_kit", {"run": run, "item": item}, yes, dry_run, as_json)


@app.command("out")
def count_out(session: SessionId, counts: Counts, as_json: Json = False) -> None:
    """Count what goes in to a session."""
    told = connect().call("scheduling", "count_kit_out", session=session, counts=_counted(counts))
    if as_json:
        show_json(told)
        return
    say("Counted out. After the session, count what came back:")
    again = " ".join(shlex.quote(f"{item}={number}") for item, number in _counted(counts).items())
    say(f"keytalk kit in {session} {again}")


@app.command("in")
def count_in(session: SessionId, counts: Counts, as_json: Json = False) -> None:
    """Count what came back from a session, and hear at once of any difference."""
    told = connect().call("scheduling", "count_kit_in", session=session, counts=_counted(counts))
    if as_json:
        show_json(told)
        return
    for each in told["differences"]:
        say(f"{each['item']}: {each['counted_out']} went in and {each['counted_in']} came back.")
    if told["differences"]:
        note("Tell the prison's security before you leave, if you are there. A task to find out why has been added.")
    else:
        say("All that went in came back.")


def _counted(counts: list[str]) -> dict[str, int]:
    return dict(_count(each) for each in counts)


def _count(text: str) -> tuple[str, int]:
    item, sign, number = text.rpartition("=")
    if not sign or not item.strip() or not number.strip().isdecimal():
        raise typer.BadParameter(f"'{text}' is not a count. Write it like \"acupuncture needles=120\".")
    return item.strip(), int(number)


def _bring(method: str, said: dict[str, Any], yes: bool, dry_run: bool, as_json: bool) -> None:
    gateway = connect()
    look = tried(gateway, "scheduling", method, **said)
    if goes_on(look, _say_would, "Change the kit list?", yes=yes, dry_run=dry_run, as_json=as_json):
        _print_list(gateway.call("scheduling", method, **said), as_json)


def _say_would(kit: dict[str, Any]) -> None:
    _print_list(kit, as_json=False)


def _print_list(kit: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(kit)
        return
    rows = [{**each, "standing": each["standing"].replace("_", " ")} for each in kit["items"]]
    show(rows, LISTED, as_json=False, empty="This run brings nothing.")
    for each in kit["left_out"]:
        say(f"Left out: {each['item']}" + (f", with {each['instead']} instead" if each["instead"] else ""))
    _print_choices(kit)
    for memo in kit.get("out_of_date", ()):
        note(f"Gate memo {memo} is out of date. To make the next version: keytalk memos make {kit['run']}")


def _print_choices(kit: dict[str, Any]) -> None:
    for each in kit["items"]:
        if each["choices"]:
            note(f"{each['item']} may not be brought in there. What can be done:")
        for choice in each["choices"]:
            note("     " + choice.replace(" RUN ITEM", f" {kit['run']} {shlex.quote(each['item'])}"))


def _print_approvals(rows: list[dict[str, Any]], as_json: bool) -> None:
    show(rows, APPROVALS, as_json, empty="This prison has said nothing about kit yet.")


def _print_refused(refused: dict[str, Any]) -> None:
    _print_approvals(refused["approvals"], as_json=False)
    for kit in refused["needing"]:
        say(f"The run of {kit['reference']} ({kit['run']}) needs it; somebody gets a task to settle that.")
        _print_choices(kit)
    if not refused["needing"]:
        say("No run there needs it.")
