"""`keytalk messages proof`, `not-told` and `told`: who knows of which session, by which message, and who does not."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, Limit, RunId
from ops.cli.asking import DryRun, Yes, goes_on, tried
from ops.cli.client import Gateway, connect
from ops.cli.output import Column, day_in_words, local_time, note, say, show, show_json
from ops.cli.whom import names_for, names_of_facilitators, whom

app = typer.Typer()

PROVEN = (
    Column("session", "Session"),
    Column("who", "Who"),
    Column("verdict", "Verdict", copyable=True),
    Column("by", "By"),
    Column("why", "Why"),
)
NOT_TOLD = (
    Column("when", "When", copyable=True),
    Column("who", "Who"),
    Column("about", "About"),
    Column("verdict", "Verdict", copyable=True),
    Column("why", "Why"),
    Column("can_do", "What may help"),
    Column("message", "Message", copyable=True),
)
VERDICTS = {"told": "told", "to_be_told": "to be told", "in_doubt": "in doubt", "not_told": "NOT TOLD"}

_WAIT, _REACHED = {"scheduled", "sending"}, {"accepted", "delivered"}

Way = Literal["phone", "paper", "in_person"]
Number = Annotated[int | None, typer.Option("--session", min=1, metavar="N", help="Only the sessions of this number.")]
Days = Annotated[int, typer.Option(min=1, max=366, metavar="N", help="How many days to look ahead, and back.")]


@app.command("proof")
def prove_run(run: RunId, session: Number = None, as_json: Json = False) -> None:
    """Show who was told of each session of a run and by which message; --json has every message about it."""
    gateway = connect()
    proof = gateway.call("notifications", "session_proof", run=run, session=session)
    if as_json:
        show_json(proof)
        return
    names = names_of_facilitators(gateway)
    say(f"{proof['programme']}, {proof['establishment']}, reference {proof['enquiry']}")
    rows = [
        {
            "session": _session_words(each),
            "who": whom(person["recipient"], names),
            "verdict": VERDICTS[person["verdict"]],
            "by": _by(person),
            "why": _why(person),
        }
        for each in proof["sessions"]
        for person in each["people"]
    ]
    show(rows, PROVEN, as_json=False)


@app.command("not-told")
def list_not_told(days: Days = 28, limit: Limit = 200, as_json: Json = False) -> None:
    """List who does not know, or perhaps not, of a session to come, and enquirers whom no answer has reached.

    Letters that were tried in vain and are tried again are listed as well; those that only wait for their time are
    counted.
    """
    gateway = connect()
    if as_json:
        show_json(gateway.call("notifications", "list_not_told", days=days, limit=limit))
        return
    found = gateway.call("notifications", "list_not_told", days=days, limit=limit, waiting=True)
    gaps = [each for each in found if each["verdict"] != "to_be_told"]
    waits = [each for each in found if each["verdict"] == "to_be_told"]
    listed = [*gaps, *(each for each in waits if each["attempts"])]
    names = names_of_facilitators(gateway) if listed else {}
    if listed:
        show([_gap_in_words(row, names) for row in listed], NOT_TOLD, as_json=False, limit=limit)
    if not gaps:
        say(f"Nobody is left out in the next {days} days{'.' if waits else ': everyone was told.'}")
    if waits:
        say(_still_to_go_out(waits, more=len(found) >= limit))
    if gaps:
        note("To send one again: keytalk messages resend MESSAGE --reason WHY")
        if any(each["session"] for each in gaps):
            note("Rung them about a session? Note it: keytalk messages told WHO --run RUN --by phone (see --json)")
        if any(not each["session"] for each in gaps):
            note("Rung an enquirer about a letter? Note it: keytalk messages told enquirer:REF --by phone")


@app.command("told")
def note_told(
    who: Annotated[
        str,
        typer.Argument(
            metavar="WHO",
            help="facilitator:ID or enquirer:REF, as not-told --json says; of a lost digest whom it went to.",
        ),
    ],
    *,
    by: Annotated[Way, typer.Option(help="How you told them.")],
    run: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Of this run; else of lost letters to an enquirer, or of lost digests."),
    ] = None,
    session: Number = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Note that you told somebody yourself what is true now. Nothing is sent, and it cannot be undone."""
    gateway = connect()
    asked = {"recipient": who, "way": by, "run": run, "session": session}
    look = tried(gateway, "notifications", "note_told", **asked)
    if not goes_on(look, partial(_say_noted, gateway), "Note it?", yes=yes, dry_run=dry_run, as_json=as_json):
        return
    noted = gateway.call("notifications", "note_told", **asked)
    if as_json:
        show_json(noted)
        return
    say(f"Noted of {_called(gateway, noted)}: {noted['why']}")


def _still_to_go_out(waits: list[dict[str, Any]], *, more: bool) -> str:
    """Say how many letters wait; one may tell somebody of many sessions."""
    letters = len({each["message"] for each in waits})
    if letters == 1 and not more:
        return "1 letter still waits to go out."
    of_sessions = len({each["message"] for each in waits if each["session"]})
    of_which = f", {of_sessions} of them about sessions" if of_sessions else ""
    return f"{letters} letters{' or more' if more else ''} still wait to go out{of_which}."


def _say_noted(gateway: Gateway, found: dict[str, Any]) -> None:
    say(f"This would be noted of {_called(gateway, found)}: {found['why']} ({_about(found)})")


def _called(gateway: Gateway, noted: dict[str, Any]) -> str:
    return whom(noted["recipient"], names_for(gateway, [noted["recipient"]]))


def _about(noted: dict[str, Any]) -> str:
    return ", ".join(dict.fromkeys(each["about"].replace(":", " ") for each in noted["noted"]))


def _gap_in_words(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    about = f"{row['establishment']}, {_session_words(row['session'])}" if row["session"] else _template(row)
    return {
        **row,
        "when": local_time(row["at"]),
        "who": whom(row["recipient"], names),
        "about": about,
        "verdict": VERDICTS[row["verdict"]],
        "why": _why(row),
        "can_do": ", or ".join(row["can_do"]),
    }


def _session_words(session: dict[str, Any]) -> str:
    words = f"{session['number']}, {day_in_words(session['date'])} {session['start']}"
    return words if session["takes_place"] else f"{words} (not taking place)"


def _by(person: dict[str, Any]) -> str:
    """Name the newest message about it that went out, or is to go out."""
    if person["verdict"] == "to_be_told":
        # A reminder is not what tells them of the dates: the letter that does has still to go out.
        found = [each for each in person["messages"] if each["state"] in _WAIT and not each["is_reminder"]]
    else:
        found = [each for each in person["messages"] if each["state"] in _REACHED]
    return "".join(f"{_template(each)}, {local_time(each['next_attempt_at'] or each['at'])}" for each in found[-1:])


def _why(row: dict[str, Any]) -> str:
    believed = [f"{day_in_words(each['date'])} {each['start']}" for each in row.get("may_believe", ()) if each]
    expects = f" They may expect it on {' or '.join(dict.fromkeys(believed))}." if believed else ""
    if row["verdict"] == "to_be_told":
        again = row.get("next_attempt_at") if row.get("attempts") else None
        return f"{row['why'] or ''}{f'; tried again {local_time(again)}' if again and row['why'] else ''}"
    return f"{row['why'] or ''}{expects if row['verdict'] != 'told' else ''}"


def _template(message: dict[str, Any]) -> str:
    return str(message["template"]).replace("_", " ")
