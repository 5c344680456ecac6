"""`keytalk reports`, of the calendar: sessions held and cancelled, the load of facilitators, and whom it reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import typer

from ops.cli.arguments import Json
from ops.cli.calendar import Csv, From, To
from ops.cli.client import connect
from ops.cli.output import Column, say, show, show_csv, show_json

app = typer.Typer(no_args_is_help=True)

_COUNTS = (
    Column("planned", "Planned"),
    Column("in_place", "In place of cancelled ones"),
    Column("delivered", "Delivered"),
    Column("part_delivered", "Delivered in part"),
    Column("to_come", "To come or not put down"),
    Column("cancelled", "Cancelled"),
    Column("chargeable", "Chargeable"),
)
SESSIONS = (
    Column("establishment", "Id", copyable=True),
    Column("name", "Establishment"),
    Column("programme_name", "Programme"),
    *_COUNTS,
)
MONTHS = (Column("month", "Month", copyable=True), *_COUNTS)
CANCELLED = (
    Column("reason", "Cancelled because"),
    Column("party", "On the side of"),
    Column("sessions", "Sessions"),
    Column("chargeable", "Chargeable"),
)
LOAD = (
    Column("facilitator", "Id", folds=True),
    Column("name", "Facilitator"),
    Column("sessions", "Sessions"),
    Column("delivered", "Delivered"),
    Column("to_come", "To come"),
    Column("as_cover", "As cover"),
    Column("hours", "Hours"),
    Column("weekly_limit", "Weekly limit"),
    Column("busiest_week", "Busiest week"),
    Column("weeks_over", "Weeks over"),
    Column("travel_minutes", "Minutes on the road"),
    Column("travel_unknown", "Way not known"),
)
REACH = (
    Column("establishment", "Id", copyable=True),
    Column("name", "Establishment"),
    Column("runs", "Runs"),
    Column("sessions", "Sessions"),
    Column("registers", "Registers"),
    Column("attendances", "Attendances"),
)


@app.command("sessions")
def report_sessions(start: From, end: To, as_csv: Csv = False, as_json: Json = False) -> None:
    """Count the sessions of a period: planned, delivered, cancelled and why, chargeable.

    For example: keytalk reports sessions --from 2027-01-01 --to 2027-03-31 --csv
    """
    _report("report_sessions", start, end, SESSIONS, as_csv, as_json, _months_and_reasons)


@app.command("load")
def report_load(start: From, end: To, as_csv: Csv = False, as_json: Json = False) -> None:
    """Say what each facilitator led in a period: sessions, hours, weeks over their limit, time on the road."""
    _report("report_load", start, end, LOAD, as_csv, as_json)


@app.command("reach")
def report_reach(start: From, end: To, as_csv: Csv = False, as_json: Json = False) -> None:
    """Say what each establishment had in a period. Attendances under 5 are not shown: they could be about somebody."""
    _report("report_reach", start, end, REACH, as_csv, as_json, _in_all)


def _report(
    asked: str,
    start: str,
    end: str,
    columns: Sequence[Column],
    as_csv: bool,
    as_json: bool,
    more: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    found = connect().call("scheduling", asked, start=start, end=end)
    if as_json:
        show_json(found)
    elif as_csv:
        show_csv(found["rows"], columns)
    else:
        show(found["rows"], columns, False, empty="Nothing lies between these dates.")
        if more is not None and found["rows"]:
            more(found)


def _months_and_reasons(found: dict[str, Any]) -> None:
    show([*found["months"], {"month": "In all", **found["totals"]}], MONTHS, False)
    if found["cancelled"]:
        show(found["cancelled"], CANCELLED, False)


def _in_all(found: dict[str, Any]) -> None:
    totals = found["totals"]
    say(f"In all: {totals['runs']} runs, {totals['sessions']} sessions, attendances: {totals['attendances']}.")
