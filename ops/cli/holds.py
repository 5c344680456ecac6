"""`keytalk holds`: keep time for a prison while it makes up its mind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit, RunId
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.output import Column, day_in_words, note, note_when_mail_goes_out, say, show, show_json
from ops.telling import TELLS

app = typer.Typer(no_args_is_help=True)

State = Literal["active", "released", "expired", "converted", "all"]
Reason = Literal[
    "agreement_being_signed",
    "purchase_order_awaited",
    "vetting_under_way",
    "prison_asked",
    "agreed_with_those_who_wait",
]

LISTED = (
    Column("hold", "Hold", copyable=True),
    Column("enquiry", "Enquiry", copyable=True),
    Column("place", "Establishment"),
    Column("rank", "Rank"),
    Column("state", "State", copyable=True),
    Column("first_session", "First session", copyable=True),
    Column("expires_on", "Last day", copyable=True),
    Column("line", "In line"),
)

HoldId = Annotated[str, typer.Argument(metavar="HOLD", help="The hold's id, or that of its run.")]
Days = Annotated[int, typer.Option("--working-days", min=1, max=10, help="How many working days; ten unless you say.")]


@app.command("place")
def place_hold(
    run: RunId, working_days: Days = 10, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Hold the time of a draft run, and tell the prison. Where another hold has it, this one waits in line."""
    gateway = connect()
    look = tried(gateway, "scheduling", "place_hold", run=run, working_days=working_days)
    if not goes_on(look, _say_placed, "Place it, and tell the prison?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    hold = gateway.call("scheduling", "place_hold", run=run, working_days=working_days)
    if as_json:
        show_json(hold)
        return
    say(_in_words(hold))
    note_when_mail_goes_out()
    note(f"To let go of it: keytalk holds release {hold['hold']}")


@app.command("list")
def list_holds(
    state: Annotated[State, typer.Option(help="Only those in this state; all, to see every one.")] = "active",
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List holds: those that end next first."""
    rows = connect().call("scheduling", "list_holds", state=state, limit=limit)
    told = rows if as_json else [{**row, "place": row["establishment"]["name"], "line": _line(row)} for row in rows]
    show(told, LISTED, as_json, empty="No holds to show.", limit=limit)


@app.command("show")
def show_hold(hold: HoldId, as_json: Json = False) -> None:
    """Show one hold: its last day, what it waits for, and who waits behind it."""
    found = connect().call("scheduling", "get_hold", hold=hold)
    if as_json:
        show_json(found)
        return
    say(_in_words(found))
    if found["waiting_behind"]:
        say(f"Behind it: {_names(found['waiting_behind'])}.")


@app.command("release")
def release_hold(hold: HoldId, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Let go of a hold: its run is a draft again, and the next in line moves up and is told."""
    gateway = connect()

    def look() -> dict[str, Any]:
        would = tried(gateway, "scheduling", "release_hold", hold=hold)()
        return {**gateway.call("scheduling", "get_hold", hold=hold), TELLS: would[TELLS]}

    if not goes_on(look, say_release, "Let go of it?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    released = gateway.call("scheduling", "release_hold", hold=hold)
    if as_json:
        show_json(released)
        return
    say(f"Released. The run {released['run']} keeps its dates as a draft, and its people are free on them.")


@app.command("extend")
def extend_hold(
    hold: HoldId,
    working_days: Days = 10,
    force: Annotated[bool, typer.Option("--force", help="Even though somebody waits; needs a --reason.")] = False,
    reason: Annotated[Reason | None, typer.Option(help="Why it lasts longer while others wait.")] = None,
    as_json: Json = False,
) -> None:
    """Let a hold last longer, once."""
    longer = connect().call(
        "scheduling", "extend_hold", hold=hold, working_days=working_days, force=force, reason=reason
    )
    if as_json:
        show_json(longer)
        return
    say(_in_words(longer))


def _say_placed(hold: dict[str, Any]) -> None:
    say(_in_words(hold))


def _in_words(hold: dict[str, Any]) -> str:
    place, state = hold["establishment"]["name"], hold["state"]
    if state != "active":
        return f"The hold of {place} was {state}."
    if hold["rank"] == 1:
        return f"{place} holds this time until the end of {day_in_words(hold['expires_on'])}."
    ahead = _names(hold["waits_for"])
    return f"{place} waits in line with rank {hold['rank']}, behind {ahead or 'another hold'}. No time is taken for it."


def say_release(hold: dict[str, Any]) -> None:
    """Print what follows from letting go of a hold."""
    behind = hold["waiting_behind"]
    following = f"{_names(behind)} may move up, and is told." if behind else "Nobody waits behind it."
    say(f"{_in_words(hold)} Letting go of it frees its people and rooms. {following}")


def _line(hold: dict[str, Any]) -> str:
    if hold["waits_for"]:
        return f"behind {_names(hold['waits_for'])}"
    return f"before {_names(hold['waiting_behind'])}" if hold["waiting_behind"] else ""


def _names(holds: list[dict[str, Any]]) -> str:
    return ", ".join(
        each["establishment"]["name"] + (f" (until {day_in_words(each['expires_on'])})" if each["expires_on"] else "")
        for each in holds
    )
