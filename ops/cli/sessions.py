"""`keytalk sessions`: the single sessions of runs. Who could lead one is here, what became of one is in `delivery`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import connect
from ops.cli.cover import FacilitatorId, SessionId, moment
from ops.cli.output import Column, day_in_words, note, note_when_mail_goes_out, say, show, show_json

app = typer.Typer(no_args_is_help=True)

CAN = (
    Column("rank", "No."),
    Column("name", "Who"),
    Column("facilitator", "Id", copyable=True),
    Column("why", "What speaks for them, and the figures"),
)
CANNOT = (Column("name", "Who"), Column("why", "Why not"))


@app.command("cover")
def show_cover(session: SessionId, as_json: Json = False) -> None:
    """Show who could lead a session, the best first, and for everybody else why they cannot."""
    found = connect().call("scheduling", "get_cover", session=session)
    if as_json:
        show_json(found)
        return
    _print(found)
    if found["can"]:
        first = found["can"][0]
        note(f"To ask the first: keytalk offers make --session {session} --facilitator {first['facilitator']}")


@app.command("withdraw")
def withdraw_from_session(
    session: Annotated[list[str], typer.Argument(metavar="SESSION", help="The ids of the sessions, of one run.")],
    facilitator: FacilitatorId,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take a facilitator off sessions and have cover found. Why they cannot lead is not asked, and not kept."""
    ask = {"sessions": session, "facilitator": facilitator}
    gateway = connect()
    look = tried(gateway, "scheduling", "withdraw_from_session", **ask)
    if not goes_on(look, _say_would, "Take them off?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    done = gateway.call("scheduling", "withdraw_from_session", **ask)
    if as_json:
        show_json(done)
        return
    for one in done["sessions"]:
        _print(one)
    note_when_mail_goes_out()


def _say_would(found: dict[str, Any]) -> None:
    for one in found["sessions"]:
        say(f"{_what(one)}: {_stays(one['facilitators'])}; {one['lacks']} to be found, {_open_to(one)}.")
    say("Ops gets a task to find cover. No reason is kept.")


def _print(found: dict[str, Any]) -> None:
    say(f"{_what(found)}. Led by {_names(found['facilitators'])}; {found['lacks']} to be found.")
    say(f"The last moment to find somebody is {moment(found['answer_by'])}.")
    say("\nWho can:")
    able = [{**each, "why": "\n".join(each["reasons"])} for each in found["can"]]
    show(able, CAN, as_json=False, empty="Nobody on file can, as things stand.")
    say("\nWho cannot, and why:")
    others = [{**each, "why": "\n".join(one["why"] for one in each["reasons"])} for each in found["cannot"]]
    show(others, CANNOT, as_json=False, empty="There is nobody else on file.")


def _what(found: dict[str, Any]) -> str:
    hours = f"{found['start']} to {found['end']}"
    return f"Session {found['number']} at {found['establishment']['name']} on {day_in_words(found['date'])}, {hours}"


def _names(people: list[dict[str, str]]) -> str:
    return ", ".join(each["name"] for each in people) or "nobody"


def _stays(people: list[dict[str, str]]) -> str:
    return f"{_names(people)} {'stay' if len(people) > 1 else 'stays'}"


def _open_to(found: dict[str, Any]) -> str:
    count = len(found["can"])
    return f"{count} who could" if count else "nobody who could"
