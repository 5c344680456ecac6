"""The calendar: a month, a week, and a Gantt of runs, with closures and clashes drawn; and closing a place."""

from __future__ import annotations

import calendar as months
import datetime as dt
from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import (
    all_places,
    ask,
    asked_again,
    csv,
    only_for,
    page,
    pages,
    the_gateway,
    together,
    wants_csv,
)
from ops.console.gantt import draw
from ops.console.going_out import AS_IF, Letters, told_by
from ops.console.pages.runs import facilitators_by_name
from ops.vocabulary import CAUSES, CLOSURES, PARTIES
from shared.clock import day_in_london
from shared.errors import Refused

WEEK = dt.timedelta(days=7)
YEARS = 100
"""How many years away a day may be."""
IN_MONTH, IN_WEEK, CLASHES_SHOWN = 5, 40, 50
"""Sessions that are drawn a day, in a month and in a week, and clashes in their list; of more it is said how many."""
COLUMNS = (
    "date",
    "start",
    "end",
    "establishment",
    "programme_name",
    "number",
    "of",
    "state",
    "facilitators",
    "enquiry",
)


def day_asked() -> dt.date:
    """Read the day to look at: today, where none is given or one of another age."""
    today = day_in_london(the_gateway().clock())
    try:
        asked = dt.date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return today
    return asked if abs(asked.year - today.year) <= YEARS else today


def _chosen() -> dict[str, list[str]]:
    """Read whose calendar is asked for: it stays in the address."""
    names = {"place": "establishments", "who": "facilitators", "programme": "programmes"}
    return {arg: [each for each in request.args.getlist(name) if each] for name, arg in names.items()}


def _asked(start: dt.date, end: dt.date, *, clashes: bool) -> Any:
    chosen = {name: values for name, values in _chosen().items() if values}
    return ask(
        "scheduling", "get_calendar", start=start.isoformat(), end=end.isoformat(), clashes=clashes, **chosen
    )  # fmt: skip


def _shown(start: dt.date, end: dt.date) -> Any:
    """Ask for what a page draws. The clashes of everybody take long to find, so the page loads them later."""
    return _asked(start, end, clashes=any(_chosen().values()) and not wants_csv())


@pages.get("/calendar")
def calendar() -> Response:
    """Show a month."""
    on = day_asked()
    weeks = months.Calendar().monthdatescalendar(on.year, on.month)
    if wants_csv():
        return _as_file(_shown(weeks[0][0], weeks[-1][-1]))
    found, around = together(partial(_shown, weeks[0][0], weeks[-1][-1]), _around)
    before, after = on.replace(day=1) - dt.timedelta(days=1), on.replace(day=28) + dt.timedelta(days=7)
    return page(
        "calendar/month.html", view="month", on=on, weeks=weeks, days=by_day(found, weeks[0][0], weeks[-1][-1]),
        before=before.replace(day=1), after=after.replace(day=1), found=found, most=IN_MONTH, **around
    )  # fmt: skip


@pages.get("/calendar/week")
def week() -> Response:
    """Show a week, day by day."""
    on = day_asked()
    first = on - dt.timedelta(days=on.weekday())
    last = first + dt.timedelta(days=6)
    if wants_csv():
        return _as_file(_shown(first, last))
    found, around = together(partial(_shown, first, last), _around)
    return page(
        "calendar/week.html", view="week", on=on, days=by_day(found, first, last), before=on - WEEK, after=on + WEEK,
        first=first, last=last, found=found, most=IN_WEEK, **around
    )  # fmt: skip


@pages.get("/calendar/clashes")
def clashes() -> Response:
    """List the sessions between two dates that do not keep a rule; month and week load this once they are drawn."""
    dates = {name: request.args.get(name, "") for name in ("start", "end")}
    chosen = {name: values for name, values in _chosen().items() if values}
    found = ask("scheduling", "list_clashes", **dates, **chosen)
    if wants_csv():
        columns = ("date", "number", "rule", "why", "run", "session")
        return csv("clashes", columns, ([row[name] for name in columns] for row in found["clashes"]))
    return page("calendar/clashes.html", found=found, most=CLASHES_SHOWN)


@pages.get("/calendar/gantt")
def gantt() -> Response:
    """Show runs as bars over half a year, a row a place or a facilitator."""
    on = day_asked().replace(day=1)
    end = (on + dt.timedelta(days=183)).replace(day=1) - dt.timedelta(days=1)
    by = request.args.get("by", "establishment")
    chosen = {name: values for name, values in _chosen().items() if values}
    between = {"start": on.isoformat(), "end": end.isoformat()}
    part = max(1, request.args.get("part", default=1, type=int))
    found, around = together(partial(ask, "scheduling", "get_gantt", by=by, part=part, **between, **chosen), _around)
    before = (on - dt.timedelta(days=92)).replace(day=1)
    return page(
        "calendar/gantt.html", view="gantt", on=on, before=before, after=(on + dt.timedelta(days=95)).replace(day=1),
        chart=draw(found["rows"], on, end), by=by, part=found["part"], parts=found["parts"], **around
    )  # fmt: skip


def by_day(found: dict[str, Any], first: dt.date, last: dt.date) -> dict[dt.date, dict[str, Any]]:
    """Give for each day what is drawn on it: sessions, who is closed by reason, and who is away."""
    count = (last - first).days + 1
    days: dict[dt.date, dict[str, Any]] = {
        first + dt.timedelta(days=each): {"sessions": [], "closed": {}, "away": []} for each in range(count)
    }
    for each in found["sessions"]:
        days[dt.date.fromisoformat(each["date"])]["sessions"].append(each)
    for each in found["closures"]:
        for day in _days_of(each, first, last):
            days[day]["closed"].setdefault(each["why"], []).append(each["establishment"]["name"])
    for each in found["leave"]:
        for day in _days_of(each, first, last):
            days[day]["away"].append(each["facilitator"]["name"])
    return days


def _days_of(span: dict[str, Any], first: dt.date, last: dt.date) -> list[dt.date]:
    begins = max(first, dt.date.fromisoformat(span["first"]))
    ends = min(last, dt.date.fromisoformat(span["last"]))
    return [begins + dt.timedelta(days=each) for each in range((ends - begins).days + 1)]


def _around() -> dict[str, Any]:
    places, people = together(all_places, facilitators_by_name)
    chosen = _chosen()
    return {
        "places": places,
        "people": people,
        "chosen": chosen,
        "kept": {
            "place": chosen["establishments"],
            "who": chosen["facilitators"],
            "programme": chosen["programmes"],
        },
    }


def _as_file(found: dict[str, Any]) -> Response:
    def cell(session: dict[str, Any], name: str) -> Any:
        if name == "establishment":
            return session["establishment"]["name"]
        if name == "facilitators":
            return ", ".join(each["name"] for each in session["facilitators"])
        return session[name]

    return csv("sessions", COLUMNS, ([cell(each, name) for name in COLUMNS] for each in found["sessions"]))


@pages.get("/calendar/close")
def closing(
    refused: Refused | None = None, found: Any = None, remedies: Any = None, letters: Letters | None = None
) -> Response:
    """Ask for a place and the days on which it is closed; or show what that hits."""
    only_for("scheduling", "close_establishment")
    places = all_places()
    return page(
        "calendar/close.html",
        places=places,
        reasons=CLOSURES,
        causes=CAUSES,
        parties=PARTIES,
        found=found,
        remedies=remedies or {},
        letters=letters,
        refused=refused,
        given=request.form or request.args,
    )


@pages.post("/calendar/close")
def close_establishment() -> AnyResponse:
    """Show what a closure hits, with what can be done about each session, and close the place once that was seen."""
    form = request.form
    names = ("establishment", "first", "last", "reason", "party", "remedy")
    required = dict.fromkeys(("establishment", "first", "reason"), "")
    asked: dict[str, Any] = required | {name: form[name] for name in names if form.get(name)}
    asked["remedies"] = {
        name.partition(":")[2]: each for name, each in form.items() if name.startswith("remedy:") and each
    }
    try:
        if form.get("apply") != "yes":
            found = ask("scheduling", "preview_closure", **asked)
            would = ask("scheduling", "close_establishment", basis=found["basis"], **asked, **AS_IF)
            shown: AnyResponse = closing(found=found, remedies=asked["remedies"], letters=told_by(would))
            return shown
        sure = {"basis": form.get("basis") or None, "accept_breaches": form.get("accept_breaches") == "yes"}
        ask("scheduling", "close_establishment", **asked, **sure)
    except Refused as refused:
        answer: AnyResponse = asked_again(closing, refused)
        return answer
    flash("It is closed on these dates, and the runs it hits are changed.")
    return redirect(url_for("console.calendar", on=asked["first"], place=asked["establishment"]))
