"""`keytalk establishments`: when each takes sessions, and when it is closed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.client import connect
from ops.cli.completing import completed_by
from ops.cli.consequences import show_consequences
from ops.cli.establishments import DryRun, EstablishmentId
from ops.cli.output import Column, say, show, show_json
from ops.vocabulary import CLOSURES

app = typer.Typer()

SINCE_EVER = "2000-01-01"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

WINDOWS = (
    Column("weekday", "Weekday", copyable=True),
    Column("from", "From", copyable=True),
    Column("until", "Until", copyable=True),
    Column("am", "Morning", copyable=True),
    Column("pm", "Afternoon", copyable=True),
    Column("ed", "Evening", copyable=True),
)
BLACKOUTS = (
    Column("id", "Closure", copyable=True),
    Column("from", "From", copyable=True),
    Column("to", "To", copyable=True),
    Column("yearly", "Every year"),
    Column("why", "Why"),
)

Days = Annotated[str, typer.Option("--days", metavar="DAYS", help="Weekdays, like mon-fri or tue,thu.")]
WINDOW = "HH:MM-HH:MM"
Morning = Annotated[str | None, typer.Option(metavar=WINDOW, help="In the morning. Not given: taken away.")]
Afternoon = Annotated[str | None, typer.Option(metavar=WINDOW, help="In the afternoon. Not given: taken away.")]
Evening = Annotated[str | None, typer.Option(metavar=WINDOW, help="In the evening. Not given: taken away.")]
BlackoutId = Annotated[
    str, typer.Argument(metavar="CLOSURE", help="The id, as `keytalk establishments blackouts` shows it.")
]
Why = Annotated[
    str,
    typer.Option(
        help="christmas, education_break, staff_training, staff_shortage, building_work, inspection, exams, "
        "family_day, lockdown or other.",
        autocompletion=completed_by(CLOSURES),
    ),
]
First = Annotated[str, typer.Option("--first", parser=iso_date, metavar="DATE", help="The first closed day.")]
Last = Annotated[
    str | None, typer.Option("--last", parser=iso_date, metavar="DATE", help="The last closed day, if not the first.")
]


def weekdays_in(text: str) -> list[str]:
    """Read weekdays such as `mon-fri` or `tue,thu`; anything else is refused with an example."""
    days: list[str] = []
    for part in text.lower().split(","):
        first, dash, last = (each.strip()[:3] for each in part.partition("-"))
        ends = (first, last if dash else first)
        if not set(ends) <= set(DAYS) or DAYS.index(ends[0]) > DAYS.index(ends[1]):
            raise typer.BadParameter(f"'{part}' is no weekday or stretch of them. Write them like mon-fri or tue,thu.")
        days += DAYS[DAYS.index(ends[0]) : DAYS.index(ends[1]) + 1]
    return days


@app.command("windows")
def list_windows(establishment: EstablishmentId, as_json: Json = False) -> None:
    """List when an establishment takes sessions. Of several that hold on a date, the one that began last counts."""
    _show_windows(connect().call("scheduling", "list_windows", establishment=establishment), as_json)


@app.command("set-windows")
def set_windows(
    establishment: EstablishmentId,
    days: Days,
    am: Morning = None,
    pm: Afternoon = None,
    ed: Evening = None,
    no_sessions: Annotated[bool, typer.Option("--no-sessions", help="There are no sessions on these days.")] = False,
    valid_from: Annotated[
        str | None,
        typer.Option("--from", parser=iso_date, metavar="DATE", help="The first day it holds, if not today."),
    ] = None,
    valid_until: Annotated[
        str | None,
        typer.Option("--until", parser=iso_date, metavar="DATE", help="The last day, for a Christmas timetable say."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Set the windows of some weekdays from a day on. What is not given is removed on those days from then on."""
    windows = {name: text for name, text in (("am", am), ("pm", pm), ("ed", ed)) if text}
    if bool(windows) == no_sessions:
        raise typer.BadParameter(
            "give the windows (--am, --pm, --ed), or --no-sessions where there are none.", param_hint="options"
        )
    changed = connect().call(
        "scheduling",
        "set_windows",
        establishment=establishment,
        weekdays=weekdays_in(days),
        windows=windows,
        valid_from=valid_from,
        valid_until=valid_until,
        dry_run=dry_run,
    )
    _show_calendar(changed, "timetables", dry_run, as_json)


@app.command("remove-windows")
def remove_windows(
    establishment: EstablishmentId,
    days: Days,
    valid_from: Annotated[
        str, typer.Option("--from", parser=iso_date, metavar="DATE", help="The day from which they hold.")
    ],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take back windows that hold from a day on; what held before holds again."""
    changed = connect().call(
        "scheduling",
        "remove_windows",
        establishment=establishment,
        weekdays=weekdays_in(days),
        valid_from=valid_from,
        dry_run=dry_run,
    )
    _show_calendar(changed, "timetables", dry_run, as_json)


@app.command("blackouts")
def list_blackouts(establishment: EstablishmentId, as_json: Json = False) -> None:
    """List when an establishment is closed, bank holidays apart."""
    _show_blackouts(connect().call("scheduling", "list_blackouts", establishment=establishment), as_json)


@app.command("add-blackout")
def add_blackout(
    establishment: EstablishmentId,
    first: First,
    last: Last = None,
    why: Why = "other",
    yearly: Annotated[bool, typer.Option("--yearly", help="On these days of every year.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Close an establishment on some days. To close it where sessions are planned, see `block`."""
    changed = connect().call(
        "scheduling",
        "add_blackout",
        establishment=establishment,
        first=first,
        last=last,
        why=why,
        yearly=yearly,
        dry_run=dry_run,
    )
    _show_calendar(changed, "blackouts", dry_run, as_json)


@app.command("change-blackout")
def change_blackout(
    blackout: BlackoutId,
    first: Annotated[
        str | None, typer.Option("--first", parser=iso_date, metavar="DATE", help="The first day.")
    ] = None,
    last: Annotated[str | None, typer.Option("--last", parser=iso_date, metavar="DATE", help="The last day.")] = None,
    why: Annotated[
        str | None,
        typer.Option(help="Another reason, as `add-blackout` lists them.", autocompletion=completed_by(CLOSURES)),
    ] = None,
    yearly: Annotated[bool | None, typer.Option("--yearly/--once", help="Whether it comes every year.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change the days of a closure, such as Christmas, or its reason. Of a yearly one the years mean nothing."""
    changed = connect().call(
        "scheduling",
        "change_blackout",
        blackout=blackout,
        first=first,
        last=last,
        why=why,
        yearly=yearly,
        dry_run=dry_run,
    )
    _show_calendar(changed, "blackouts", dry_run, as_json)


@app.command("remove-blackout")
def remove_blackout(blackout: BlackoutId, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Open an establishment again on the days of a closure."""
    changed = connect().call("scheduling", "remove_blackout", blackout=blackout, dry_run=dry_run)
    _show_calendar(changed, "blackouts", dry_run, as_json)


def _show_calendar(changed: dict[str, Any], part: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        show_json(changed)
        return
    shown = _show_windows if part == "timetables" else _show_blackouts
    shown(changed[part], as_json)
    show_consequences(changed["breaches"], dry_run, as_json)


def _show_windows(windows: list[dict[str, Any]], as_json: bool) -> None:
    rows = windows if as_json else [_window_row(each) for each in windows]
    show(rows, WINDOWS, as_json, empty="No windows on file. Set them with: keytalk establishments set-windows")


def _window_row(window: dict[str, Any]) -> dict[str, Any]:
    since = "always" if window["valid_from"] == SINCE_EVER else window["valid_from"]
    none = not any(window[name] for name in ("am", "pm", "ed"))
    return {**window, "from": since, "until": window["valid_until"], **({"am": "no sessions"} if none else {})}


def _show_blackouts(blackouts: list[dict[str, Any]], as_json: bool) -> None:
    rows = blackouts if as_json else [_blackout_row(each) for each in blackouts]
    show(rows, BLACKOUTS, as_json, empty="Never closed but on bank holidays.")
    if not as_json:
        say("Bank holidays of its nation are closed too, unless you decide otherwise for a session.")


def _blackout_row(blackout: dict[str, Any]) -> dict[str, Any]:
    ends = {"from": blackout["first"], "to": blackout["last"]}
    if blackout["yearly"]:
        ends = {name: f"{date.fromisoformat(on):%d %B}" for name, on in ends.items()}
    return {**blackout, **ends}
