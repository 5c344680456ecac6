"""`keytalk calendar`: what is on when and where, what clashes with a rule, and what needs somebody now."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ops.cli.arguments import Json, iso_date
from ops.cli.client import connect
from ops.cli.output import Column, note, say, show, show_csv, show_json

app = typer.Typer(no_args_is_help=True)

By = Literal["establishment", "facilitator"]

From = Annotated[str, typer.Option("--from", parser=iso_date, metavar="DATE", help="The first day, like 2027-01-01.")]
To = Annotated[str, typer.Option("--to", parser=iso_date, metavar="DATE", help="The last day; it counts too.")]
Places = Annotated[
    list[str] | None, typer.Option("--establishment", metavar="ID", help="Only there; give it once for each.")
]
People = Annotated[
    list[str] | None, typer.Option("--facilitator", metavar="ID", help="Only what they lead; give it once for each.")
]
Programmes = Annotated[
    list[str] | None, typer.Option("--programme", metavar="SLUG", help="Only this programme; give it once for each.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")]

SESSIONS = (
    Column("date", "Date", copyable=True),
    Column("time", "Time", copyable=True),
    Column("place", "Establishment"),
    Column("session", "Session"),
    Column("programme_name", "Programme"),
    Column("people", "Facilitators"),
    Column("enquiry", "Enquiry", copyable=True),
    Column("is", "State"),
)
CLASHES = (
    Column("date", "Date", copyable=True),
    Column("rule", "Rule", copyable=True),
    Column("why", "What would mend it"),
    Column("run", "Run", folds=True),
)
CLASHES_ALONE = (CLASHES[0], Column("place", "Establishment"), *CLASHES[1:])
SPANS = (
    Column("first", "From", copyable=True),
    Column("last", "To", copyable=True),
    Column("who", "Of"),
    Column("why", "Why"),
)
BARS = (
    Column("name", "Row"),
    Column("first", "From", copyable=True),
    Column("last", "To", copyable=True),
    Column("place", "Establishment"),
    Column("programme_name", "Programme"),
    Column("state", "State", copyable=True),
    Column("held", "Sessions"),
    Column("enquiry", "Enquiry", copyable=True),
)
TODAY = {
    "sessions": "Sessions today and tomorrow",
    "registers": "Registers that are missing",
    "short": "Sessions without enough facilitators",
    "offers": "Offers without an answer",
    "holds": "Holds that run out within a week",
    "memos": "Gate memos due or out of date",
    "kit": "Kit that a prison has been asked about",
    "clearances": "Clearances that end soon, or do not let somebody in",
}
"""The kinds of what needs somebody, in the order in which they press."""
ITEMS = (
    Column("date", "Date", copyable=True),
    Column("place", "Establishment"),
    Column("what", "What"),
    Column("id", "Id", folds=True),
)


@app.command("show")
def show_calendar(
    *,
    start: From,
    end: To,
    establishment: Places = None,
    facilitator: People = None,
    programme: Programmes = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Show up to 100 days: sessions, what clashes with a rule, holds, closures and leave. Times are local.

    For example: keytalk calendar show --from 2027-01-01 --to 2027-01-31 --establishment RSI
    """
    chosen = {"establishments": establishment, "facilitators": facilitator, "programmes": programme}
    found = connect().call("scheduling", "get_calendar", start=start, end=end, **chosen)
    if as_json:
        show_json(found)
        return
    rows = [_session(each) for each in found["sessions"]]
    if as_csv:
        show_csv(rows, SESSIONS)
        return
    show(rows, SESSIONS, False, empty="No session lies between these dates.")
    _part("Clashes", found["clashes"], CLASHES)
    _part("Closed", [{**each, "who": each["establishment"]["name"]} for each in found["closures"]], SPANS)
    _part("On leave", [{**each, "who": each["facilitator"]["name"]} for each in found["leave"]], SPANS[:3])
    if found["holds"]:
        say(f"On hold: {len(found['holds'])}. See keytalk holds list.")


@app.command("clashes")
def list_clashes(
    *,
    start: From,
    end: To,
    establishment: Places = None,
    facilitator: People = None,
    programme: Programmes = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """List the sessions to come, within up to 100 days, that do not keep a rule."""
    chosen = {"establishments": establishment, "facilitators": facilitator, "programmes": programme}
    found = connect().call("scheduling", "list_clashes", start=start, end=end, **chosen)
    if as_json:
        show_json(found)
        return
    rows = [{**each, "place": each["establishment"]["name"]} for each in found["clashes"]]
    if as_csv:
        show_csv(rows, CLASHES_ALONE)
        return
    show(rows, CLASHES_ALONE, False, empty="Every session to come keeps the rules.")


@app.command("gantt")
def show_gantt(
    *,
    start: From,
    end: To,
    by: Annotated[By, typer.Option(help="A row for each establishment, or for each facilitator.")] = "establishment",
    establishment: Places = None,
    facilitator: People = None,
    programme: Programmes = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """List the runs of up to a year by establishment or by facilitator."""
    chosen = {"establishments": establishment, "facilitators": facilitator, "programmes": programme}
    found = connect().call("scheduling", "get_gantt", start=start, end=end, by=by, **chosen)
    if as_json:
        show_json(found)
        return
    rows = [_bar(row["name"], run) for row in found["rows"] for run in row["runs"]]
    if as_csv:
        show_csv(rows, BARS)
        return
    show(rows, BARS, False, empty="No run has a session between these dates.")


@app.command("today")
def show_today(as_json: Json = False) -> None:
    """Say what of the calendar needs somebody now, with the first ten of each kind."""
    found = connect().call("scheduling", "count_today")
    if as_json:
        show_json(found)
        return
    for kind, words in TODAY.items():
        say(f"{words}: {found[kind]['count']}")
        if found[kind]["items"]:
            show([_item(each) for each in found[kind]["items"]], ITEMS, False)
        if found[kind]["count"] > len(found[kind]["items"]):
            note(f"These are the first {len(found[kind]['items'])}.")


def _part(heading: str, rows: list[dict[str, Any]], columns: tuple[Column, ...]) -> None:
    if rows:
        say(f"{heading}:")
        show(rows, columns, False)


def _session(session: dict[str, Any]) -> dict[str, Any]:
    return {
        **session,
        "time": f"{session['start']}-{session['end']}",
        "place": session["establishment"]["name"],
        "session": f"{session['number']} of {session['of']}",
        "people": [_person(each) for each in session["facilitators"]],
        "is": _state(session),
    }


def _person(person: dict[str, Any]) -> str:
    return f"{person['name']} ({person['role']})" if person["role"] != "regular" else str(person["name"])


def _state(session: dict[str, Any]) -> str:
    state = session["state"] if session["run_state"] != "draft" else "draft"
    if session["run_state"] == "held":
        state = "on hold"
    moved = f", moved from {session['moved_from']['date']}" if session["moved_from"] else ""
    clash = ", CLASHES" if session["clashes"] else ""
    return f"{state}{moved}{clash}".replace("_", " ")


def _bar(row: str, run: dict[str, Any]) -> dict[str, Any]:
    held = sum(each["state"] != "cancelled" for each in run["sessions"])
    return {**run, "name": row, "place": run["establishment"]["name"], "held": f"{held} of {run['of']}"}


def _item(item: dict[str, Any]) -> dict[str, Any]:
    person = item.get("facilitator")
    said = [
        item.get("enquiry"),
        f"session {item['number']} at {item['start']}" if "number" in item else None,
        person["name"] if person else None,
        item.get("item"),
        item.get("state"),
        f"lacks {item['lacks']}" if "lacks" in item else None,
        f"ends {item['ends_on']}" if item.get("ends_on") else None,
        f"cannot come in to {len(item['sessions'])}" if item.get("why") and item.get("sessions") else None,
    ]
    what = ", ".join(str(each).replace("_", " ") for each in said if each)
    named = next((item[name] for name in ("session", "memo", "offer", "hold", "run") if item.get(name)), "")
    return {"date": item["date"], "place": item["establishment"]["name"], "what": what, "id": named}
