"""Commands of `keytalk runs` that change a run: each shows its consequences first, and can be taken back."""

from __future__ import annotations

from datetime import time
from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, RunId, iso_date
from ops.cli.asking import DryRun, Yes, tried
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.diffs import Accept, Charged, ChargeReason, charging, decide, say_diff, say_several
from ops.cli.output import Column, day_in_words, note, note_when_mail_goes_out, say, show, show_json
from ops.vocabulary import CAUSES, PARTIES

app = typer.Typer()

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Window = Literal["am", "pm", "day"]


def clock_time(text: str) -> str:
    """Read a time of day and give it back as `HH:MM`; anything else is refused with an example."""
    try:
        return time.fromisoformat(text).isoformat("minutes")
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is not a time of day. Write it like 13:45.") from error


SessionNumber = Annotated[str, typer.Argument(metavar="SESSION", help="The session's number, or its id.")]
SessionNumbers = Annotated[list[str], typer.Argument(metavar="SESSION...", help="Numbers of sessions, or their ids.")]
Day = Annotated[str, typer.Argument(parser=iso_date, metavar="DATE", help="The date, like 2027-03-11.")]
At = Annotated[str | None, typer.Option("--at", parser=clock_time, metavar="TIME", help="The time, like 13:45.")]
Cause = Annotated[
    str,
    typer.Option(
        metavar="WORD",
        help="Why, in a word: lockdown, no_escort, facilitator_unavailable...",
        autocompletion=completed_by(CAUSES),
    ),
]
Party = Annotated[
    str,
    typer.Option(
        metavar="WORD",
        help="On whose side it lies: prison, provider, commissioner, external.",
        autocompletion=completed_by(PARTIES),
    ),
]
NoCause = Annotated[
    str | None,
    typer.Option(
        "--cause", metavar="WORD", help="Why, where the session still stands.", autocompletion=completed_by(CAUSES)
    ),
]
NoParty = Annotated[
    str | None,
    typer.Option(
        "--party", metavar="WORD", help="On whose side, where it still stands.", autocompletion=completed_by(PARTIES)
    ),
]

LISTED = (
    Column("change", "Change", copyable=True),
    Column("applied_at", "When", copyable=True),
    Column("applied_by", "By"),
    Column("kind", "What"),
    Column("cause", "Why"),
    Column("sessions", "Sessions"),
    Column("reversed_by", "Taken back by"),
)


@app.command("cancel")
def cancel_sessions(
    run: RunId,
    sessions: SessionNumbers,
    cause: Cause,
    party: Party,
    *,
    merge: Annotated[bool, typer.Option("--merge", help="What they were about goes into another session.")] = False,
    charge: Charged = None,
    charge_reason: ChargeReason = None,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cancel sessions, with nothing in their place. `runs remedies` shows what else can be done."""
    change = {"kind": "cancel", "sessions": sessions, "cause": cause, "party": party}
    change["remedy"] = "merge" if merge else "drop"
    _change(run, change, accept_breaches, yes, dry_run, as_json, charge, charge_reason)


@app.command("cascade")
def cascade(
    run: RunId,
    session: SessionNumber,
    cause: Cause,
    party: Party,
    *,
    charge: Charged = None,
    charge_reason: ChargeReason = None,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cancel a session; its number and all later ones move on along the slot."""
    change = {"kind": "cascade", "session": session, "cause": cause, "party": party}
    _change(run, change, accept_breaches, yes, dry_run, as_json, charge, charge_reason)


@app.command("make-up")
def make_up(
    run: RunId,
    session: SessionNumber,
    on: Day,
    *,
    at: At = None,
    cause: NoCause = None,
    party: NoParty = None,
    charge: Charged = None,
    charge_reason: ChargeReason = None,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Hold a session on another date that cannot take place on its own."""
    change = {"kind": "make_up", "session": session, "date": on, "start": at, "cause": cause, "party": party}
    _change(run, change, accept_breaches, yes, dry_run, as_json, charge, charge_reason)


@app.command("move")
def move_session(
    run: RunId,
    session: SessionNumber,
    on: Day,
    *,
    at: At = None,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move one session to another date or time."""
    change = {"kind": "move", "session": session, "date": on, "start": at}
    _change(run, change, accept_breaches, yes, dry_run, as_json)


@app.command("move-on")
def move_on(
    run: RunId,
    session: SessionNumber,
    on: Day,
    *,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move a session and all later ones: their dates are made anew from that date on."""
    _change(run, {"kind": "move_on", "session": session, "date": on}, accept_breaches, yes, dry_run, as_json)


@app.command("move-run")
def move_run(
    run: RunId,
    start: Annotated[str, typer.Argument(parser=iso_date, metavar="DATE", help="The first day to look at.")],
    *,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move all that has not been held: the dates are made anew from another start."""
    _change(run, {"kind": "move_run", "start": start}, accept_breaches, yes, dry_run, as_json)


@app.command("change-slot")
def change_slot(
    run: RunId,
    *,
    weekday: Annotated[Weekday | None, typer.Option(case_sensitive=False, help="The day of the week.")] = None,
    window: Annotated[Window | None, typer.Option(case_sensitive=False, help="The part of the day.")] = None,
    at: At = None,
    session: Annotated[str | None, typer.Option("--from", metavar="SESSION", help="The first session of it.")] = None,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Meet on another weekday, in another part of the day or at another time, from a session on."""
    change = {"kind": "change_slot", "weekday": weekday, "window": window, "time": at, "from": session}
    _change(run, change, accept_breaches, yes, dry_run, as_json)


@app.command("swap")
def swap_facilitators(
    run: RunId,
    sessions: Annotated[
        list[str] | None, typer.Argument(metavar="[SESSION]...", help="Which ones; all to come, and the team, without.")
    ] = None,
    *,
    out: Annotated[str | None, typer.Option(metavar="ID", help="The facilitator who leaves.")] = None,
    into: Annotated[str | None, typer.Option("--in", metavar="ID", help="The facilitator who comes.")] = None,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Have somebody leave sessions, somebody come, or both."""
    change = {"kind": "swap", "sessions": sessions or [], "out": out, "into": into}
    _change(run, change, accept_breaches, yes, dry_run, as_json)


@app.command("remedies")
def list_remedies(run: RunId, session: SessionNumber, as_json: Json = False) -> None:
    """Show what can be done about a session that does not take place, with the dates of each."""
    found = connect().call("scheduling", "list_remedies", run=run, session=session)
    if as_json:
        show_json(found)
        return
    for each in found:
        say(remedy_line(each))
    note("To see all that follows, before anything is changed: keytalk runs cascade, make-up or cancel, with --dry-run")


@app.command("changes")
def list_changes(run: RunId, as_json: Json = False) -> None:
    """List the changes of a run, the newest first."""
    rows = connect().call("scheduling", "list_changes", run=run)
    show(rows, LISTED, as_json, empty="This run has not been changed.")


@app.command("reverse")
def reverse_change(
    change: Annotated[str, typer.Argument(metavar="CHANGE", help="The id of a change, or of a group of them.")],
    *,
    accept_breaches: Accept = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take a change back: the sessions are as they were before it."""
    gateway = connect()
    found = gateway.call("scheduling", "preview_reversal", change=change)
    asked = {"change": change, "basis": found["basis"]}
    would = tried(gateway, "scheduling", "reverse_change", **asked, accept_breaches=True)
    if not decide(found, would, say_several, accept=accept_breaches, yes=yes, dry_run=dry_run, as_json=as_json):
        return
    done = gateway.call("scheduling", "reverse_change", **asked, accept_breaches=accept_breaches)
    _done(done, found["runs"], as_json)


def remedy_line(choice: dict[str, Any]) -> str:
    """Write one remedy for people."""
    name = {"cascade": "Cascade", "make_up": "Make-up", "drop": "Drop"}[choice["remedy"]]
    if choice["why_not"]:
        return f"{name}: not possible. {choice['why_not']}"
    held = f"held on {day_in_words(choice['date'])}, " if choice["date"] else ""
    last = f"the run ends on {day_in_words(choice['last'])}" if choice["last"] else "no session is left"
    return f"{name}: {held}{last}"


def _change(
    run: str,
    change: dict[str, Any],
    accept: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    charge: bool | None = None,
    charge_reason: str | None = None,
) -> None:
    asked = {name: value for name, value in change.items() if value is not None}
    gateway = connect()
    found = gateway.call("scheduling", "preview_change", run=run, change=asked)
    doing = {"run": run, "change": asked, "basis": found["basis"], **charging(charge, charge_reason)}
    would = tried(gateway, "scheduling", "apply_change", **doing, accept_breaches=True)
    show_it = partial(say_diff, charge=charge, charge_reason=charge_reason)
    if not decide(found, would, show_it, accept=accept, yes=yes, dry_run=dry_run, as_json=as_json):
        return
    done = gateway.call("scheduling", "apply_change", **doing, accept_breaches=accept)
    _done(done, [found], as_json)


def _done(done: dict[str, Any], diffs: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(done)
        return
    say(f"Done. `keytalk runs show {done['run']}` shows the run as it is now.")
    if done["kind"] != "reverse":
        say(f"To take it back: keytalk runs reverse {done['group']}")
    if any(each["told"]["contact_of"] for each in diffs):
        note_when_mail_goes_out()
