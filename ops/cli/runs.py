"""`keytalk runs`: plan the sessions of a programme, look at them, and confirm them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit, RunId, iso_date
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_details, show_json

app = typer.Typer(no_args_is_help=True)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Window = Literal["am", "pm", "day"]

LISTED = (
    Column("run", "Run", copyable=True),
    Column("enquiry", "Enquiry", copyable=True),
    Column("establishment", "Establishment"),
    Column("programme", "Programme"),
    Column("state", "State", copyable=True),
    Column("first_session", "First session", copyable=True),
    Column("last_session", "Last session", copyable=True),
)
DETAILS = (
    Column("run", "Run"),
    Column("state", "State"),
    Column("enquiry", "Enquiry"),
    Column("establishment", "Establishment"),
    Column("programme", "Programme"),
    Column("facilitator_names", "Facilitators"),
)


@app.command("plan")
def plan_run(
    *,
    enquiry: Annotated[str, typer.Option(metavar="REF", help="The enquiry the run is for, at any stage.")],
    start: Annotated[
        str, typer.Option(parser=iso_date, metavar="DATE", help="The first day to look at, like 2027-01-05.")
    ],
    weekday: Annotated[
        Weekday | None, typer.Option(case_sensitive=False, help="The day of the week to meet on.")
    ] = None,
    window: Annotated[
        Window | None,
        typer.Option(case_sensitive=False, help="Which part of the establishment's day to use."),
    ] = None,
    facilitator: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Who would lead it; give the option once for each.")
    ] = None,
    establishment: Annotated[
        str | None, typer.Option(metavar="ID", help="Where, when the enquiry itself does not say.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plan a run of sessions for an enquiry, and say what each session still needs."""
    run = connect().call(
        "scheduling",
        "plan_run",
        enquiry=enquiry,
        start=start,
        weekday=weekday,
        window=window,
        facilitators=facilitator or [],
        establishment=establishment,
    )
    _print(run, as_json)


@app.command("show")
def show_run(run: RunId, as_json: Json = False) -> None:
    """Show one run with its sessions and what each of them still needs."""
    _print(connect().call("scheduling", "get_run", run=run), as_json)


@app.command("list")
def list_runs(limit: Limit = 50, as_json: Json = False) -> None:
    """List runs with their first and last session."""
    rows = connect().call("scheduling", "list_runs", limit=limit)
    show(rows, LISTED, as_json, empty="No runs to show.", limit=limit)


@app.command("confirm")
def confirm_run(run: RunId, as_json: Json = False) -> None:
    """Confirm a run; the facilitators and the prison contact then hear of it, with a calendar file."""
    _print(connect().call("scheduling", "confirm_run", run=run), as_json)


def _print(run: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(run)
        return
    names = [person.get("name") for person in run.get("facilitators", [])]
    show_details({**run, "facilitator_names": names}, DETAILS)
    say("")
    for session in run["sessions"]:
        _print_session(session)
    _print_skipped(run["skipped"])
    say("")
    say(_what_next(run))


def _print_session(session: dict[str, Any]) -> None:
    hours = f"{_clock(session['start'])} to {_clock(session['end'])}"
    say(f"{session['number']:>3}  {_day(session['date'])}, {hours}")
    for breach in session["breaches"]:
        say(f"       - {breach.get('why') or breach['rule']}")


def _print_skipped(skipped: list[dict[str, Any]]) -> None:
    if skipped:
        say("\nLeft out:")
    for one in skipped:
        say(f"     {_day(one['date'])}: {one['why']}")


def _what_next(run: dict[str, Any]) -> str:
    if run.get("state", "draft") != "draft":
        return f"This run is {run['state']}. `keytalk messages list` shows who has been written to."
    needing = sum(1 for session in run["sessions"] if session["breaches"])
    confirm = f"keytalk runs confirm {run['run']}"
    if not needing:
        return f"Every session fits. To confirm the run and let everyone know: {confirm}"
    return (
        f"{needing} of {len(run['sessions'])} sessions still need something, named beneath each. Once "
        f"that is settled, plan the run again, then confirm it: {confirm}"
    )


def _day(iso: str) -> str:
    day = date.fromisoformat(iso[:10])
    return f"{day:%a} {day.day:>2} {day:%b %Y}"


def _clock(text: str) -> str:
    # Local times come as 09:00 or as a full local date and time.
    return text.rpartition("T")[2][:5]
