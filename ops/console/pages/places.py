"""Places: when sessions fit in there, when each is closed, its rooms, and what it asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, page, pages, the_gateway, together, wants_csv
from ops.console.forms import number, what_differs
from ops.vocabulary import CLOSURES, LEVELS
from shared.clock import day_in_london
from shared.errors import Refused

NATIONS = (
    ("england", "England"),
    ("wales", "Wales"),
    ("scotland", "Scotland"),
    ("northern-ireland", "Northern Ireland"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WINDOWS = (("am", "Morning"), ("pm", "Afternoon"), ("ed", "Evening"))
UNDER_18_REASONS = (
    ("agreed_by_governor", "The governor or director has agreed"),
    ("agreed_by_youth_custody_service", "The Youth Custody Service has agreed"),
    ("staff_training_only", "Only staff take part"),
)
STATES = {"confirmed": "good", "draft": "soon", "held": "soon", "completed": "", "cancelled": "late"}
COLUMNS = ("id", "name", "town", "nation", "active", "other_names")
SHOWN, IN_FILE = 50, 1000
AHEAD = dt.timedelta(days=365)
WRITTEN = ("name", "town", "required_level")
COUNTED = ("memo_lead_days", "kit_lead_days", "report_minutes", "exit_minutes")
WHERE = ("latitude", "longitude")
TICKED = ("active", "ctc_required", "under_18")


@pages.get("/places")
def places(refused: Refused | None = None) -> Response:
    """List places by name."""
    chosen = {name: request.args.get(name) or None for name in ("search", "nation", "active")}
    active = {"yes": True, "no": False}.get(chosen["active"] or "")
    rows = ask("scheduling", "list_establishments", search=chosen["search"], nation=chosen["nation"], active=active,
               limit=IN_FILE if wants_csv() else SHOWN)  # fmt: skip
    if wants_csv():
        told = ({**row, "other_names": "; ".join(row["other_names"])} for row in rows)
        return csv("places", COLUMNS, ([row[name] for name in COLUMNS] for row in told))
    return page("places/list.html", rows=rows, chosen=chosen, nations=NATIONS, levels=LEVELS, shown=SHOWN,
                refused=refused, given=request.form)  # fmt: skip


@pages.post("/places")
def add_place() -> AnyResponse:
    """Put a place on file that is in no register."""
    form = request.form
    others = [name.strip() for name in form.get("other_names", "").split(";") if name.strip()]
    given = {name: form.get(name, "") for name in ("id", "name", "nation", "town")}
    try:
        added = ask("scheduling", "add_establishment", other_names=others, settings={
            "required_level": form.get("required_level", ""), "under_18": form.get("under_18") == "yes",
        }, **given)  # fmt: skip
    except Refused as refused:
        answer: AnyResponse = asked_again(places, refused)
        return answer
    flash("It is on file. Next, say when sessions fit in there.")
    return redirect(url_for("console.place", place=added["id"]))


@pages.get("/places/<place>")
def place(place: str, refused: Refused | None = None, sent: str = "") -> Response:
    """Show a place: windows, closures, rooms, what it asks for, and the runs there in the year ahead."""
    today = day_in_london(the_gateway().clock())
    year = {"start": today.isoformat(), "end": (today + AHEAD).isoformat()}
    shown, around = together(
        partial(ask, "scheduling", "get_establishment", establishment=place),
        partial(ask, "scheduling", "get_gantt", establishments=[place.upper()], **year),
    )
    return page(
        "places/place.html",
        place=shown,
        runs=[run for row in around["rows"] for run in row["runs"]],
        states=STATES,
        nations=dict(NATIONS),
        levels=LEVELS,
        weekdays=WEEKDAYS,
        windows=WINDOWS,
        closures=CLOSURES,
        reasons=UNDER_18_REASONS,
        refused=refused,
        # Who goes back from what a change would do finds what they typed, as who was refused does.
        typed=refused or {"fields": {}},
        sent=sent,
        given=request.form,
    )


def _again(named: str, sent: str, refused: Refused | None = None) -> Response:
    return place(named, refused, sent)


@pages.post("/places/<place>/rooms")
def add_room(place: str) -> AnyResponse:
    """Put a room on file."""
    form = request.form
    given = {"name": form.get("name", ""), "capacity": number(form.get("capacity"))}
    return _do(place, "add_room", "The room is on file.", establishment=place, **given)


@pages.post("/places/<place>/under-18")
def approve_under_18(place: str) -> AnyResponse:
    """Let programmes go to a place for people under 18."""
    done = "Programmes can go there now. Your name is kept with it."
    return _do(place, "approve_under_18", done, establishment=place, reason=request.form.get("reason", ""))


def _do(named: str, method: str, done: str, **arguments: Any) -> AnyResponse:
    try:
        ask("scheduling", method, **arguments)
    except Refused as refused:
        answer: AnyResponse = asked_again(_again, refused, named, method)
        return answer
    flash(done)
    return redirect(url_for("console.place", place=named))


def _settings(place: str) -> dict[str, Any]:
    """Read what is to be another: what is sent is kept when a register is taken in later, so no more than that."""
    form, known = request.form, ask("scheduling", "get_establishment", establishment=place)
    settings: dict[str, Any] = dict(what_differs(form, known, WRITTEN))
    settings |= {name: number(text) for name, text in what_differs(form, known, COUNTED).items()}
    settings |= {name: form.get(name, "") for name in WHERE} if what_differs(form, known, WHERE) else {}
    ticked = {name: form.get(name) == "yes" for name in TICKED}
    return {"settings": settings | {name: value for name, value in ticked.items() if value != known[name]}}


def _windows(_place: str) -> dict[str, Any]:
    form = request.form
    times = {name: (form.get(f"{name}_from", ""), form.get(f"{name}_until", "")) for name, _words in WINDOWS}
    windows = {name: "-".join(times[name]) for name in times if any(times[name])}
    return {"weekdays": form.getlist("weekday"), "windows": windows, "valid_from": form.get("valid_from") or None,
            "valid_until": form.get("valid_until") or None}  # fmt: skip


def _windows_back(_place: str) -> dict[str, Any]:
    return {"weekdays": request.form.getlist("weekday"), "valid_from": request.form.get("valid_from", "")}


def _closure(_place: str) -> dict[str, Any]:
    form = request.form
    return {"first": form.get("first", ""), "last": form.get("last") or None, "why": form.get("why") or None,
            "yearly": form.get("yearly") == "yes"}  # fmt: skip


def _closure_changed(place: str) -> dict[str, Any]:
    return {"blackout": request.form.get("blackout", ""), **_closure(place)}


def _closure_named(_place: str) -> dict[str, Any]:
    return {"blackout": request.form.get("blackout", "")}


def _room_named(_place: str) -> dict[str, Any]:
    return {"room": request.form.get("room", "")}


def _room(_place: str) -> dict[str, Any]:
    form = request.form
    changes = {"name": form.get("name", ""), "capacity": number(form.get("capacity"))}
    return {"room": form.get("room", ""), "changes": changes | {"active": form.get("active") == "yes"}}


CHANGES: dict[str, tuple[str, Callable[[str], dict[str, Any]], str]] = {
    "change_establishment": ("What it asks for", _settings, "It is changed."),
    "set_windows": ("Other windows", _windows, "Sessions fit in there by these windows now."),
    "remove_windows": ("Windows taken back", _windows_back, "They are taken back."),
    "add_blackout": ("Closed on some days", _closure, "It is closed on these days."),
    "change_blackout": ("Another closure", _closure_changed, "The closure is changed."),
    "remove_blackout": ("Open again", _closure_named, "It is open again on these days."),
    "change_room": ("Another room", _room, "The room is changed."),
    "retire_room": ("A room out of use", _room_named, "The room is out of use."),
    "withdraw_under_18_approval": ("No approval for under-18 work", lambda _place: {}, "It is taken back."),
}
"""What can be changed after its consequences were seen: the title of that page, what is asked, and what is said."""
OF_THE_PLACE = frozenset(
    {"change_establishment", "set_windows", "remove_windows", "add_blackout", "withdraw_under_18_approval"}
)


@pages.post("/places/<place>/<any({}):what>".format(",".join(CHANGES)))
def change_place(place: str, what: str) -> AnyResponse:
    """Show which sessions would break a rule by a change of a place, and make it once that was seen."""
    title, read, done = CHANGES[what]
    if request.form.get("apply") == "back":
        return _again(place, what)
    try:
        asked = {**({"establishment": place} if what in OF_THE_PLACE else {}), **read(place)}
        if asked.get("settings") == {}:
            raise Refused("invalid", "Nothing is another than it was.")
        if request.form.get("apply") != "yes":
            found = ask("scheduling", what, dry_run=True, **asked)
            return page("places/change.html", place=place, what=what, title=title, asked=asked, found=found,
                        windows=WINDOWS, carried=_carried())  # fmt: skip
        ask("scheduling", what, **asked)
    except Refused as refused:
        answer: AnyResponse = asked_again(_again, refused, place, what)
        return answer
    flash(done)
    return redirect(url_for("console.place", place=place))


def _carried() -> list[tuple[str, str]]:
    """Give what the form held, to be sent once more when its consequences were seen."""
    own = {"csrf_token", "key", "apply"}
    return [(name, value) for name, value in request.form.items(multi=True) if name not in own]
