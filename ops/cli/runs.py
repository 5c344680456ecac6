"""`keytalk runs`: plan the sessions of a programme, look at them, and confirm them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit, RunId, iso_date
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import Gateway, connect
from ops.cli.holds import say_release
from ops.cli.output import Column, day_in_words, note_when_mail_goes_out, say, show, show_details, show_json

app = typer.Typer(no_args_is_help=True)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Window = Literal["am", "pm", "day"]
Mode = Literal["in_person", "remote"]
Rule = Literal["H1", "H2", "H9", "H12"]
NOT_HELD = {"cancelled", "superseded"}

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
    Column("held", "Held"),
    Column("group_size", "Group"),
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
    programme: Annotated[
        str | None, typer.Option(metavar="SLUG", help="What is put on, when it is not what the enquiry asked for.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="When a session begins, if not with its window.")
    ] = None,
    mode: Annotated[Mode | None, typer.Option(help="In person, unless you say remote.")] = None,
    room: Annotated[str | None, typer.Option(metavar="ID", help="The room at the establishment.")] = None,
    group_size: Annotated[
        int | None, typer.Option(min=1, max=100, metavar="N", help="How many people, if not as the enquiry says.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Plan a run of sessions for an enquiry, and say what each session still needs.

    An earlier draft of it is planned anew. Where that has a hold, it ends, and this asks first.
    """
    gateway = connect()
    asked: dict[str, Any] = {"enquiry": enquiry, "start": start, "weekday": weekday, "window": window}
    asked |= {"facilitators": facilitator or [], "establishment": establishment}
    asked |= _said(programme=programme, time=time, mode=mode, room=room, group_size=group_size)
    if dry_run or not yes:
        hold = _hold_for(gateway, enquiry)
        if (hold or dry_run) and not goes_on(
            tried(gateway, "scheduling", "plan_run", **asked),
            partial(_say_planned, hold),
            "Plan it anew, and let go of its hold?",
            yes=yes,
            dry_run=dry_run,
            as_json=as_json,
        ):
            return
    _print(gateway.call("scheduling", "plan_run", **asked), as_json)


def _hold_for(gateway: Gateway, enquiry: str) -> dict[str, Any] | None:
    """Give the hold that the draft of an enquiry has, which would end with its dates; None where there is none."""
    runs = gateway.call("scheduling", "list_runs", enquiry=enquiry, limit=1)
    held = gateway.call("scheduling", "get_run", run=runs[0]["run"]).get("hold") if runs else None
    found: dict[str, Any] | None = gateway.call("scheduling", "get_hold", hold=held["hold"]) if held else None
    return found


def _say_planned(hold: dict[str, Any] | None, run: dict[str, Any]) -> None:
    _print({**run, "state": "would be a draft"}, as_json=False, hint=False)
    if hold is not None:
        say_release(hold)


@app.command("show")
def show_run(
    run: RunId,
    ids: Annotated[bool, typer.Option("--ids", help="Show the id of each session too, for other commands.")] = False,
    as_json: Json = False,
) -> None:
    """Show one run with its sessions and what each of them still needs; --ids shows the sessions' ids."""
    _print(connect().call("scheduling", "get_run", run=run), as_json, ids=ids)


@app.command("list")
def list_runs(limit: Limit = 50, as_json: Json = False) -> None:
    """List runs with their first and last session."""
    rows = connect().call("scheduling", "list_runs", limit=limit)
    show(rows, LISTED, as_json, empty="No runs to show.", limit=limit)


@app.command("confirm")
def confirm_run(
    run: RunId,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Confirm a run; the facilitators and the prison contact then hear of it, with a calendar file."""
    gateway = connect()
    look = tried(gateway, "scheduling", "confirm_run", run=run)
    question = "Confirm this run, and write to its facilitators and the prison contact?"
    if not goes_on(look, _say_confirmed, question, yes=yes, dry_run=dry_run, as_json=as_json):
        return
    _print(gateway.call("scheduling", "confirm_run", run=run), as_json)
    if not as_json:
        note_when_mail_goes_out()


@app.command("override")
def override_rule(
    run: RunId,
    rule: Annotated[Rule, typer.Argument(help="H1 window, H2 closed dates, H9 smallest group, H12 agreement.")],
    *,
    reason: Annotated[
        str, typer.Option(help="Why, and in what role somebody agreed; no names, nothing about anyone in prison.")
    ],
    session: Annotated[
        str | None, typer.Option(metavar="ID", help="One session only (H1, H2); the whole run without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep a rule open for a run: by your name and with a reason, it no longer stands in the way."""
    kept = connect().call("scheduling", "override_rule", run=run, rule=rule, reason=reason, **_said(session=session))
    _print(kept, as_json)


@app.command("put-again")
def withdraw_override(
    override: Annotated[str, typer.Argument(metavar="OVERRIDE", help="Its id, as `keytalk runs show` gives it.")],
    as_json: Json = False,
) -> None:
    """Let a rule count again that was kept open."""
    _print(connect().call("scheduling", "withdraw_override", override=override), as_json)


def _say_confirmed(run: dict[str, Any]) -> None:
    _print({**run, "state": "would be confirmed"}, as_json=False, hint=False)


def _said(**options: Any) -> dict[str, Any]:
    """Give the options that were given: what is left out is for the service to choose."""
    return {name: value for name, value in options.items() if value is not None}


def _print(run: dict[str, Any], as_json: bool, *, ids: bool = False, hint: bool = True) -> None:
    if as_json:
        show_json(run)
        return
    names = [person.get("name") for person in run.get("facilitators", [])]
    held = "remotely" if run.get("mode") == "remote" else None
    show_details({**run, "facilitator_names": names, "held": held}, DETAILS)
    for breach in run.get("breaches", []):
        say(f"     - {breach['why']}")
    say("")
    for session in _that_stand(run):
        _print_session(session, names, ids)
    _print_not_held(run, names, ids)
    _print_skipped(run["skipped"])
    _print_readiness(run["sessions"])
    _print_kept_open(run.get("overrides", []))
    _print_warnings(run.get("warnings", []))
    say("")
    if hint:
        say(_what_next(run))


def _that_stand(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in run["sessions"] if each.get("state") not in NOT_HELD]


def _print_not_held(run: dict[str, Any], team: list[str], ids: bool) -> None:
    """Print what fell out of a run below what stands, as its numbers stand again above."""
    gone = [each for each in run["sessions"] if each.get("state") in NOT_HELD]
    if gone:
        say("\nNot held:")
    for session in gone:
        _print_session(session, team, ids)


def _print_session(session: dict[str, Any], team: list[str], ids: bool) -> None:
    hours = f"{_clock(session['start'])} to {_clock(session['end'])}"
    named = f"  {session['id']}" if ids else ""
    say(f"{session['number']:>3}  {day_in_words(session['date'])}, {hours}{_what_is_different(session, team)}{named}")
    for breach in session["breaches"]:
        say(f"       - {breach.get('why') or breach['rule']}")
    for kept in session.get("kept_open", []):
        say(f"       - kept open by {kept['by']}: {kept['reason']} ({kept['rule']}: {kept['why']})")


def _what_is_different(session: dict[str, Any], team: list[str]) -> str:
    """Say what sets a session apart from the others: what became of it, its kind, who leads it, its room."""
    people = [person.get("name", "") for person in session.get("facilitators", [])]
    said = [
        session["state"] if session.get("state", "planned") != "planned" else None,
        session["kind"] if session.get("kind", "planned") != "planned" else None,
        f"with {', '.join(people)}" if people and set(people) != set(team) else None,
        (session.get("room") or {}).get("name"),
    ]
    found = [each.replace("_", " ") for each in said if each]
    return f" ({'; '.join(found)})" if found else ""


def _print_readiness(sessions: list[dict[str, Any]]) -> None:
    """Say what the next session still needs before anybody can go in, and of the later ones only how many."""
    waiting = [each for each in sessions if each.get("readiness")]
    if not waiting:
        return
    say(f"\nBefore entry to session {waiting[0]['number']}:")
    for missing in waiting[0]["readiness"]:
        say(f"     {missing['why']}")
    if len(waiting) > 1:
        later = "1 later session is" if len(waiting) == 2 else f"{len(waiting) - 1} later sessions are"
        say(f"     {later} not ready yet either; --json has each.")


def _print_kept_open(overrides: list[dict[str, Any]]) -> None:
    if overrides:
        say("\nKept open:")
    for each in overrides:
        where = f"session {each['number']}" if each.get("number") else "the whole run"
        say(f"     {each['rule']} for {where}, by {each['by']}: {each['reason']} [{each['id']}]")


def _print_warnings(warnings: list[dict[str, Any]]) -> None:
    if warnings:
        say("\nWorth knowing, and no obstacle:")
    for each in warnings:
        say(f"     {each['why']}")


def _print_skipped(skipped: list[dict[str, Any]]) -> None:
    if skipped:
        say("\nLeft out:")
    for one in skipped:
        say(f"     {day_in_words(one['date'])}: {one['why']}")


def _what_next(run: dict[str, Any]) -> str:
    if run.get("state", "draft") != "draft":
        return f"This run is {run['state']}. `keytalk messages list` shows who has been written to."
    standing = _that_stand(run)
    needing = sum(1 for session in standing if session["breaches"])
    confirm = f"keytalk runs confirm {run['run']}"
    is_won = all(breach["rule"] != "H12" for breach in run.get("breaches", []))
    if not needing and is_won:
        return f"Every session fits. To confirm the run and let everyone know: {confirm}"
    if not needing:
        return f"Every session fits. Once the enquiry is won, confirm the run and let everyone know: {confirm}"
    won = "" if is_won else ", once the enquiry is won,"
    return (
        f"{needing} of {len(standing)} sessions still need something, named beneath each. Once "
        f"that is settled, plan the run again, then{won} confirm it: {confirm}"
    )


def _clock(text: str) -> str:
    # Local times come as 09:00 or as a full local date and time.
    return text.rpartition("T")[2][:5]
