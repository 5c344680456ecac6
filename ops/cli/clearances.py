"""`keytalk clearances`: who may work in which establishment, and for how long."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.importing import CsvFile, TryOut, take_in
from ops.cli.output import Column, day_in_words, note, say, show, show_details, show_json
from ops.vocabulary import CLEARANCE_STATES, LEVELS

app = typer.Typer(no_args_is_help=True)

DETAILS = (
    Column("id", "Clearance"),
    Column("facilitator", "Facilitator"),
    Column("establishment", "Establishment"),
    Column("state", "State"),
    Column("level", "Level"),
    Column("valid_from", "From"),
    Column("valid_until", "Until"),
    Column("keys_until", "Keys until"),
    Column("site_access", "On the gate's list"),
    Column("ctc", "CTC"),
)
IN_WORDS = {
    "valid": "to {until}",
    "expiring": "ENDS {until}, in {days_left} days",
    "expired": "ended {valid_until}",
    "not_yet": "from {valid_from}",
    "below_level": "{level} is not enough",
    "applied": "applied for",
    "suspended": "suspended",
    "refused": "refused",
    "none": "-",
}
"""How a cell of the matrix reads, by its state."""

ClearanceId = Annotated[str, typer.Argument(metavar="CLEARANCE", help="As `keytalk facilitators show` lists it.")]
Facilitator = Annotated[
    str, typer.Option("--facilitator", metavar="ID", help="As `keytalk facilitators list` shows it.")
]
Establishment = Annotated[
    str, typer.Option("--establishment", metavar="ID", help="As `keytalk establishments list` shows it.")
]
Day = Annotated[str, typer.Option("--on", parser=iso_date, metavar="DATE", help="The date.")]
From = Annotated[str, typer.Option("--from", parser=iso_date, metavar="DATE", help="The first day it covers.")]
Until = Annotated[str, typer.Option("--until", parser=iso_date, metavar="DATE", help="The last day it covers.")]
Keys = Annotated[
    str | None, typer.Option("--keys-until", parser=iso_date, metavar="DATE", help="The last day they may carry keys.")
]


@app.command("grant")
def grant_clearance(
    *,
    facilitator: Facilitator,
    establishment: Establishment,
    valid_from: From,
    valid_until: Until,
    level: Annotated[
        str, typer.Option(help="The level of clearance.", autocompletion=completed_by(LEVELS))
    ] = "standard",
    state: Annotated[
        str | None,
        typer.Option(
            help="applied, granted (unless said), suspended or refused.", autocompletion=completed_by(CLEARANCE_STATES)
        ),
    ] = None,
    no_site_access: Annotated[
        bool, typer.Option("--no-site-access", help="Granted, but not on the gate's list yet.")
    ] = False,
    ctc: Annotated[bool, typer.Option("--ctc", help="With a counter-terrorist check.")] = False,
    keys_until: Keys = None,
    as_json: Json = False,
) -> None:
    """Record a clearance as the decision letter has it. A renewal stands beside the one that runs."""
    given: dict[str, Any] = {"state": state, "keys_until": keys_until, "ctc": ctc or None}
    more = {key: value for key, value in given.items() if value is not None}
    clearance = connect().call(
        "scheduling",
        "grant_clearance",
        facilitator=facilitator,
        establishment=establishment,
        valid_from=valid_from,
        valid_until=valid_until,
        level=level,
        **({"site_access": False} if no_site_access else {}),
        **more,
    )
    _print(clearance, as_json, "The clearance is recorded.")


@app.command("change")
def change_clearance(
    clearance: ClearanceId,
    *,
    state: Annotated[
        str | None,
        typer.Option(help="applied, granted, suspended or refused.", autocompletion=completed_by(CLEARANCE_STATES)),
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="The level of clearance.", autocompletion=completed_by(LEVELS))
    ] = None,
    valid_from: Annotated[
        str | None, typer.Option("--from", parser=iso_date, metavar="DATE", help="The first day it covers.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option("--until", parser=iso_date, metavar="DATE", help="The last day it covers.")
    ] = None,
    site_access: Annotated[
        bool | None, typer.Option("--site-access/--no-site-access", help="Whether they are on the gate's list.")
    ] = None,
    ctc: Annotated[bool | None, typer.Option("--ctc/--no-ctc", help="With a counter-terrorist check or not.")] = None,
    keys_until: Keys = None,
    no_keys: Annotated[bool, typer.Option("--no-keys", help="They carry no keys.")] = False,
    as_json: Json = False,
) -> None:
    """Change what is given of a clearance. What was applied for is granted with both dates of the letter."""
    given: dict[str, Any] = {
        "state": state,
        "level": level,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "site_access": site_access,
        "ctc": ctc,
        "keys_until": keys_until,
        "no_keys": no_keys or None,
    }
    wanted = {key: value for key, value in given.items() if value is not None}
    changed = connect().call("scheduling", "change_clearance", clearance=clearance, **wanted)
    _print(changed, as_json, "The clearance is changed.")


@app.command("suspend")
def suspend_clearance(clearance: ClearanceId, as_json: Json = False) -> None:
    """Have a clearance open nothing until it is granted again."""
    suspended = connect().call("scheduling", "suspend_clearance", clearance=clearance)
    _print(suspended, as_json, "The clearance is suspended. Grant it again with: keytalk clearances change")


@app.command("escort")
def agree_escort(facilitator: Facilitator, establishment: Establishment, on: Day, as_json: Json = False) -> None:
    """Note that an establishment escorts somebody all the way on a date."""
    arguments = {"facilitator": facilitator, "establishment": establishment, "date": on}
    person = connect().call("scheduling", "agree_escort", **arguments)
    if as_json:
        show_json(person)
        return
    say(f"{person['name']} is escorted at {establishment.upper()} on {day_in_words(on)}.")


@app.command("no-escort")
def call_off_escort(facilitator: Facilitator, establishment: Establishment, on: Day, as_json: Json = False) -> None:
    """Take back that an establishment escorts somebody on a date."""
    arguments = {"facilitator": facilitator, "establishment": establishment, "date": on}
    person = connect().call("scheduling", "call_off_escort", **arguments)
    if as_json:
        show_json(person)
        return
    say(f"{person['name']} is not escorted at {establishment.upper()} on {day_in_words(on)}.")


@app.command("matrix")
def show_matrix(
    establishments: Annotated[
        list[str] | None, typer.Option("--establishment", metavar="ID", help="Only this one. May be repeated.")
    ] = None,
    facilitators: Annotated[
        list[str] | None, typer.Option("--facilitator", metavar="ID", help="Only this one. May be repeated.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", parser=iso_date, metavar="DATE", help="As things are on a date; today unless said."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who may work where and until when, a line a person, a column an establishment."""
    given: dict[str, Any] = {"establishments": establishments, "facilitators": facilitators, "on": on}
    wanted = {key: value for key, value in given.items() if value is not None}
    matrix = connect().call("scheduling", "clearance_matrix", **wanted)
    if as_json:
        show_json(matrix)
        return
    places = matrix["establishments"]
    columns = [Column("name", "Name"), *(Column(place["id"], place["id"]) for place in places)]
    rows = [_line(person) for person in matrix["facilitators"]]
    show(rows, columns, as_json=False, empty="No facilitators yet. Add one with: keytalk facilitators add")
    note("; ".join(f"{place['id']} is {place['name']}" for place in places))


@app.command("import")
def import_clearances(file: CsvFile, dry_run: TryOut = False, as_json: Json = False) -> None:
    """Take in clearances from a CSV file; the same file a second time changes nothing.

    Columns: email (of the facilitator), prison_id, level, valid_from, valid_until (both as the decision letter has
    them); and as you have them: state, site_access, ctc (yes or no), keys_until. Dates are year-month-day. See
    docs/importing.md.
    """
    take_in("import_clearances", file, dry_run, as_json)


def _line(person: dict[str, Any]) -> dict[str, Any]:
    return {"name": person["name"], **{cell["establishment"]: _in_words(cell) for cell in person["cells"]}}


def _in_words(cell: dict[str, Any]) -> str:
    if cell["state"] == "not_yet" and not cell["site_access"]:
        return "not on the gate's list"
    words = IN_WORDS[cell["state"]].format(**cell)
    return f"{words}; renewal {cell['renewal']}" if cell["renewal"] else words


def _print(clearance: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        show_json(clearance)
        return
    say(done)
    show_details(clearance, DETAILS)
