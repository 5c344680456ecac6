"""`keytalk messages simulate`: what is due and why, and what a change of a run would send. Nothing is changed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.changing import clock_time
from ops.cli.client import connect
from ops.cli.output import note, say, show_json
from ops.cli.reminders import print_messages

app = typer.Typer()


@app.command("simulate")
def simulate(
    *,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days to look ahead.")] = 14,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many messages to show at most.")] = 200,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Look at a change of this run instead.")] = None,
    move: Annotated[str | None, typer.Option(metavar="SESSION", help="The session to move: its number or id.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", parser=iso_date, metavar="DATE", help="The date to move it to.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", parser=clock_time, metavar="TIME", help="The time, like 13:45.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show everything that is due and why; or, with --run, --move and --to, what moving a session would do.

    Nothing is sent, and nothing is changed.
    """
    if run is None and move is None and to is None and at is None:
        _ahead(days, limit, as_json)
    elif run is None or move is None or to is None:
        raise typer.BadParameter("To look at a change, give all of --run, --move and --to.")
    else:
        change = {"kind": "move", "session": move, "date": to, **({"start": at} if at else {})}
        _change(run, change, as_json)


def _ahead(days: int, limit: int, as_json: bool) -> None:
    gateway = connect()
    found = gateway.call("notifications", "simulate", days=days, limit=limit)
    if as_json:
        show_json(found)
        return
    print_messages(gateway, found["messages"], empty=f"Nothing is due in the next {days} days.")
    for each in found["missing"]:
        note(each)
    if found["count"] > len(found["messages"]):
        note(f"These are the first {len(found['messages'])} of {found['count']}: ask for more with --limit.")
    note("Each goes out at its time or later, by what its reader prefers. What happens meanwhile may change it.")


def _change(run: str, change: dict[str, str], as_json: bool) -> None:
    gateway = connect()
    found = gateway.call("scheduling", "preview_change", run=run, change=change, with_event=True)
    event = found["event"]
    told: dict[str, Any] = {"run": run, "sends": [], "cancels": []}
    if event is not None:
        told = gateway.call("notifications", "simulate_change", event=event)
    if as_json:
        show_json(told)
        return
    if event is None:
        say("This run is not confirmed, so nobody is told of it yet.")
        return
    say("Would be sent:")
    print_messages(gateway, told["sends"], empty="Nothing.")
    say("\nWould be withdrawn:")
    print_messages(gateway, told["cancels"], empty="Nothing.")
    note(
        "Nothing is changed. To see all that follows from the change: "
        f"keytalk runs move {run} {change['session']} {change['date']} --dry-run"
    )
