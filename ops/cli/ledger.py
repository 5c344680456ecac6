"""`keytalk enquiries ledger` and `canaries`: whether the way in is open, and everything that came is accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit, iso_date
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_details, show_json

app = typer.Typer()

DAYS = (
    Column("day", "Day", copyable=True),
    Column("received", "Received", copyable=True),
    Column("filed", "Filed", copyable=True),
    Column("quarantined", "Quarantined", copyable=True),
    Column("merged", "Merged", copyable=True),
    Column("by_hand", "By hand", copyable=True),
    Column("left", "Not accounted for", copyable=True),
)
LEFT = (Column("reference", "Reference", copyable=True), Column("why", "Why"))
CANARIES = (
    Column("sent_at", "Sent", copyable=True),
    Column("state", "State", copyable=True),
    Column("arrived_at", "Arrived", copyable=True),
    Column("why", "Why"),
)


@app.command("ledger")
def show_ledger(
    day: Annotated[
        str | None, typer.Option(parser=iso_date, metavar="DAY", help="The last day to show, like 2026-12-05; today.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=92, metavar="N", help="How many days to show, up to that one.")] = 7,
    as_json: Json = False,
) -> None:
    """Show the balance of each day: received = filed + quarantined + merged, and what is not accounted for."""
    rows = connect().call("enquiries", "get_ledger", day=day, days=days)
    if as_json:
        show_json(rows)
        return
    show([{**row, "left": len(row["unaccounted"])} for row in rows], DAYS, as_json=False)
    _show_left(rows)


@app.command("canaries")
def show_canaries(
    limit: Limit = 20,
    send: Annotated[bool, typer.Option("--send", help="Send one now and say what came of it.")] = False,
    as_json: Json = False,
) -> None:
    """Show our own test enquiries through the public address, the newest first."""
    if send:
        sent = connect().call("enquiries", "send_canary")
        show_json(sent) if as_json else show_details(sent, CANARIES)
        return
    rows = connect().call("enquiries", "list_canaries", limit=limit)
    empty = "None was sent yet. KEYTALK_CANARY=on sends them by themselves, --send sends one now."
    show(rows, CANARIES, as_json, empty=empty, limit=limit)


def _show_left(rows: Sequence[Mapping[str, Any]]) -> None:
    left = [each for row in rows for each in row["unaccounted"]]
    if left:
        show(left, LEFT, as_json=False)
        return
    say("Everything that came on these days is accounted for.")
