"""`keytalk reminders`: the rules by which people are reminded, and what other times would do before they count."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json
from ops.cli.asking import DryRun, Reason, Yes, ask, must_be_able_to_ask, show_first
from ops.cli.changing import clock_time
from ops.cli.client import Gateway, connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, local_time, note, say, show, show_json
from ops.cli.whom import names_for, whom
from ops.vocabulary import REMINDER_RULES

app = typer.Typer(no_args_is_help=True)

LISTED = (
    Column("name", "Rule", copyable=True),
    Column("when", "When"),
    Column("audience", "To"),
    Column("is_on", "On"),
    Column("changed", "Changed"),
)
MESSAGES = (
    Column("due", "Due", copyable=True),
    Column("recipient", "Recipient", folds=True),
    Column("why", "Why"),
    Column("run", "Run", folds=True),
)
_OF = {
    "session_start": "a session",
    "session_end": "a session",
    "first_session": "the first session",
    "last_session": "the last session",
}

Name = Annotated[
    str,
    typer.Argument(
        metavar="RULE",
        help="The rule's name, as `keytalk reminders list` shows it.",
        autocompletion=completed_by(REMINDER_RULES),
    ),
]
Offsets = Annotated[
    list[str] | None,
    typer.Option(
        "--offset",
        metavar="OFFSET",
        help="How long before or after, or how often: 5d (days), 10wd (working days), 6w (weeks), 3m (months). "
        "Once for each.",
    ),
]
At = Annotated[str | None, typer.Option("--at", parser=clock_time, metavar="TIME", help="The local time, like 15:00.")]
On = Annotated[bool | None, typer.Option("--on/--off", help="Switch the rule on or off.")]


@app.command("list")
def list_rules(as_json: Json = False) -> None:
    """List the rules: what people are reminded of, when, and whom. All times are local, where the session is."""
    rows = connect().call("notifications", "list_reminder_rules")
    show(rows if as_json else [_readable(row) for row in rows], LISTED, as_json)
    if not as_json:
        note("To see what other times would do: keytalk reminders preview RULE --offset 7d --offset 1d")


@app.command("preview")
def preview_rule(name: Name, offset: Offsets = None, at: At = None, is_on: On = None, as_json: Json = False) -> None:
    """Show which messages other times of a rule would withdraw, and which they would make. Nothing is changed."""
    gateway = connect()
    found = gateway.call("notifications", "preview_reminder_rule", name=name, **_said(offset, at, is_on))
    if as_json:
        show_json(found)
        return
    _print(gateway, found)
    note("Nothing is changed.")


@app.command("change")
def change_rule(
    name: Name,
    reason: Reason,
    *,
    offset: Offsets = None,
    at: At = None,
    is_on: On = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give a rule other times: what goes and comes by that is shown first. What waits for its time follows at once.

    With nothing but a reason, the rule stays as it is and the messages it has not made yet are made.
    """
    gateway, said = connect(), _said(offset, at, is_on)
    must_be_able_to_ask(yes=yes, dry_run=dry_run)
    found = gateway.call("notifications", "preview_reminder_rule", name=name, **said)
    if dry_run or not (yes and as_json):
        show_first(found, partial(_print, gateway), dry_run=dry_run, as_json=as_json)
    if dry_run:
        return
    if not yes:
        ask("Change it?")
    change = {"name": name, "reason": reason, "basis": found["basis"], **said}
    done = gateway.call("notifications", "change_reminder_rule", **change)
    if as_json:
        show_json(done)
        return
    say(f"Done: {_count(done['goes'], 'message')} withdrawn, {done['comes']} made.")


def print_messages(gateway: Gateway, rows: list[dict[str, Any]], *, empty: str) -> None:
    """Print messages in short: when each is due, for whom, why, and of which run."""
    names = names_for(gateway, [row["recipient"] for row in rows])
    shown = [{**row, "due": local_time(row["due_at"]), "recipient": whom(row["recipient"], names)} for row in rows]
    show(shown, MESSAGES, as_json=False, empty=empty)


def _said(offset: list[str] | None, at: str | None, is_on: bool | None) -> dict[str, Any]:
    said = {"offsets": offset or None, "at": at, "is_on": is_on}
    return {name: value for name, value in said.items() if value is not None}


def _print(gateway: Gateway, found: dict[str, Any]) -> None:
    say(f"Now:  {_in_words(found['was'])}")
    say(f"Then: {_in_words(found['rule'])}")
    if found["rule"]["before"] and any(each.startswith("0") for each in found["rule"]["offsets"]):
        say(f"On its own day nobody is reminded of a session that begins by {found['rule']['at']}.")
    say(
        f"{_count(found['goes'], 'message')} would be withdrawn and {found['comes']} made, "
        f"for {_count(found['runs'], 'run')}."
    )
    for title, count, rows in (
        ("Withdrawn", found["goes"], found["first_to_go"]),
        ("Made", found["comes"], found["first_to_come"]),
    ):
        if rows:
            say(f"\n{title}, the first {len(rows)} of {count}:" if count > len(rows) else f"\n{title}:")
            print_messages(gateway, rows, empty="")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _in_words(rule: dict[str, Any]) -> str:
    return _when(rule) if rule["is_on"] else "switched off"


def _when(rule: dict[str, Any]) -> str:
    offsets, of = ", ".join(rule["offsets"]), _OF[rule["anchor"]]
    if rule["recurs"]:
        return f"every {offsets} from {of} to the last at {rule['at']}"
    return f"{offsets} {'before' if rule['before'] else 'after'} {of} at {rule['at']}"


def _readable(rule: dict[str, Any]) -> dict[str, Any]:
    changed = f"by {rule['changed_by']}: {rule['reason']}" if rule["changed_by"] else ""
    those = [*(rule["programmes"] or ()), *([rule["mode"].replace("_", " ")] if rule["mode"] else ())]
    only = f" ({', '.join(those)} only)" if those else ""
    return {**rule, "when": f"{_when(rule)}{only}", "changed": changed}
