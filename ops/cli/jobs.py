"""`keytalk jobs`: the scheduled work there is, and running it as if it were another time, to try things out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, Limit, iso_time
from ops.cli.client import connect
from ops.cli.each_service import OfService, list_of_each
from ops.cli.output import Column, local_time, say, show_json
from ops.cli.waiting import working

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("kind", "Kind", copyable=True),
    Column("subject", "Subject"),
    Column("due_at", "Due", copyable=True),
    Column("state", "State", copyable=True),
    Column("attempts", "Attempts", copyable=True),
    Column("late_by_s", "Late by, seconds", copyable=True),
    Column("error", "Error"),
)


@app.command("list")
def list_jobs(service: OfService = None, limit: Limit = 100, as_json: Json = False) -> None:
    """List scheduled work, the next due first, then what was given up, with how late each is and why."""
    list_of_each(service, "list_jobs", LISTED, as_json, order=_next_first, limit=limit, empty="No job to show.")


@app.command("run-due")
def run_due(
    as_of: Annotated[
        str,
        typer.Option(
            parser=iso_time,
            metavar="TIME",
            help="Like 2027-01-04T15:00, London time unless it says otherwise.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Do what would be due at a time: the clocks of enquiries, the calendar's, then messages; not for production."""
    gateway = connect()
    with working("Doing what would be due"):
        said = gateway.call("enquiries", "run_due_jobs", as_of=as_of)["said"]
        ran = gateway.call("scheduling", "run_due_jobs", as_of=as_of)["ran"]
        result = gateway.call("notifications", "run_due_jobs", as_of=as_of) | {"clocks": said, "calendar": ran}
    if as_json:
        show_json(result)
        return
    messages = {name: count for name, count in result.items() if name not in {"as_of", "clocks", "calendar"}}
    say(f"As if it were {local_time(result['as_of'])}:")
    say(f"Messages: {_counts(messages)}")
    say(f"Clocks of enquiries: {_counts(said)}")
    say(f"Jobs of the calendar: {_counts(ran)}")


def _counts(done: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in done.items()) or "nothing was due"


def _next_first(job: Mapping[str, Any]) -> tuple[bool, datetime]:
    return job["state"] != "waiting", datetime.fromisoformat(job["due_at"])
