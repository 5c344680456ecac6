"""`keytalk feeds`: private calendar addresses that somebody's calendar program can follow."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.asking import DryRun, Yes, goes_on
from ops.cli.client import connect
from ops.cli.output import Column, note, say, show, show_json

app = typer.Typer(no_args_is_help=True)

Kind = Literal["facilitator", "establishment", "ops"]
FeedId = Annotated[str, typer.Argument(metavar="FEED", help="The feed's id, as `keytalk feeds list` shows it.")]

MOST = 1000
"""The most that are listed at a time."""

LISTED = (
    Column("id", "Feed", copyable=True),
    Column("kind", "For", copyable=True),
    Column("owner_name", "Whose"),
    Column("made_at", "Made", copyable=True),
    Column("made_by", "By"),
    Column("revoked_at", "Closed", copyable=True),
)


@app.command("make")
def make_feed(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="facilitator, establishment or ops.")],
    owner: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The facilitator's or the establishment's id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Open a calendar feed and show its address, this once: whoever has the address can read the feed."""
    made = connect().call("scheduling", "make_feed", kind=kind, owner=owner)
    if as_json:
        show_json(made)
        return
    say(made["address"])
    note("Give it to its owner alone, and keep no copy: it is not shown again. In a calendar program it is added under")
    note(f"'subscribe to a calendar'. To close it: keytalk feeds revoke {made['id']}")


@app.command("list")
def list_feeds(limit: Limit = 50, as_json: Json = False) -> None:
    """List the feeds and whose they are, the newest first."""
    rows = connect().call("scheduling", "list_feeds", limit=limit)
    show(rows, LISTED, as_json, empty="No feeds to show.", limit=limit)


@app.command("revoke")
def revoke_feed(feed: FeedId, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Close a feed for good: its address gives nothing any more."""
    gateway = connect()

    def look() -> list[dict[str, Any]]:
        return [row for row in gateway.call("scheduling", "list_feeds", limit=MOST) if row["id"] == feed]

    if not goes_on(look, _say_closed, "Close it?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    closed = gateway.call("scheduling", "revoke_feed", feed=feed)
    if as_json:
        show_json(closed)
        return
    say("Closed. What calendar programs have of it already, they may keep until its owner removes it there.")


def _say_closed(rows: list[dict[str, Any]]) -> None:
    show(rows, LISTED, as_json=False, empty="No feed that is listed has this id.")
    say("Closed, the address does not open again; another can be made. Whoever follows it is not told.")
