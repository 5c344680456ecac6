"""Facilitators: the people who lead sessions, what they hold until when, and when they have time."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, ask_where_up, asked_again, csv, may_ask, me, page, pages, together, wants_csv
from ops.console.forms import what_differs
from ops.console.words import day
from ops.vocabulary import FACILITATOR_STATES
from shared.errors import Refused

COLOURS = {"active": "good", "onboarding": "soon", "resting": "", "left": ""}
QUALIFICATIONS = ("NADA", "safeguarding", "UKCP", "BACP")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STRETCHES = 2
"""How many stretches of a day the form for the week has room for, at the least: a day with a break in it."""
NEXT, MOST = 8, 50
"""How many of their sessions are shown at once, and when the rest is opened, those apart that need cover."""
BOOKED = ("held", "confirmed")
COLUMNS = ("name", "email", "state", "insured_until", "vehicle", "travel_limit_minutes", "max_sessions_a_week", "id")
WRITTEN = (
    "name", "email", "state", "insured_until", "vehicle", "travel_limit_minutes", "max_sessions_a_week",
    "max_groups_a_day",
)  # fmt: skip
WHERE = ("latitude", "longitude")
MAY_BE_EMPTY = ("insured_until", "vehicle", "travel_limit_minutes")
ERASED = "@erased.invalid"


@pages.get("/facilitators")
def facilitators(refused: Refused | None = None) -> Response:
    """List facilitators: all, or those in one state."""
    state = request.args.get("state") or None
    rows = ask("scheduling", "list_facilitators", state=state)
    if wants_csv():
        return csv("facilitators", COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    return page("facilitators/list.html", rows=rows, state=state, states=FACILITATOR_STATES, colours=COLOURS,
                refused=refused, given=request.form)  # fmt: skip


@pages.post("/facilitators")
def add_facilitator() -> AnyResponse:
    """Put a facilitator on file."""
    given = {name: request.form.get(name, "") for name in ("name", "email")}
    try:
        added = ask("scheduling", "add_facilitator", **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(facilitators, refused)
        return answer
    flash("They are on file. Next, say what they hold and where they are cleared to work.")
    return redirect(url_for("console.facilitator", facilitator=added["id"]))


@pages.get("/facilitators/<uuid:facilitator>")
def facilitator(facilitator: Any, refused: Refused | None = None, sent: str = "") -> Response:
    """Show one: how they are reached, what they hold, when they have time, and their sessions ahead."""
    named = str(facilitator)
    person, ahead, wishes = together(
        partial(ask, "scheduling", "get_facilitator", facilitator=named),
        partial(_sessions_ahead, named),
        partial(_wishes, named),
    )
    erased = person["email"].endswith(ERASED)
    if erased and me().stands_for:
        return page("facilitators/erased.html")
    return page(
        "facilitators/facilitator.html",
        person=person,
        erased=erased,
        ahead=[{**each, "uncovered": _needs_cover(person, each)} for each in ahead],
        week=_week(person["hours"]),
        wishes=wishes,
        states=FACILITATOR_STATES,
        colours=COLOURS,
        qualifications=QUALIFICATIONS,
        next=NEXT,
        most=MOST,
        refused=refused,
        sent=sent,
        given=request.form,
    )


def _sessions_ahead(person: str) -> Any:
    """Give their sessions that are still to be, for who may see the calendar."""
    may = may_ask("scheduling", "list_sessions_ahead")
    return ask("scheduling", "list_sessions_ahead", facilitator=person) if may else []


def _needs_cover(person: dict[str, Any], session: dict[str, Any]) -> bool:
    """Say whether a session of theirs is booked although they are away then, or have left."""
    away = any(each["first"] <= session["date"] <= each["last"] for each in person["leave"])
    return session["run_state"] in BOOKED and (away or person["state"] == "left")


def _week(hours: list[dict[str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give each weekday with its stretches, and empty ones to fill in."""
    theirs = {weekday: [(each["start"], each["end"]) for each in hours if each["weekday"] == weekday]
              for weekday in WEEKDAYS}  # fmt: skip
    return [(name, those + [("", "")] * max(STRETCHES - len(those), 0)) for name, those in theirs.items()]


def _wishes(person: str) -> Any:
    """Give how they wish to be written to, where it can be had."""
    if not may_ask("notifications", "get_preferences"):
        return None
    return ask_where_up("notifications", "get_preferences", person=f"facilitator:{person}")[0]


def _again(named: Any, sent: str, refused: Refused | None = None) -> Response:
    return facilitator(named, refused, sent)


def _do(named: Any, method: str, done: str, /, **arguments: Any) -> AnyResponse:
    try:
        changed = ask("scheduling", method, **arguments)
    except Refused as refused:
        answer: AnyResponse = asked_again(_again, refused, named, method)
        return answer
    flash(done + _of_cover(changed.get("needs_cover", [])))
    return redirect(url_for("console.facilitator", facilitator=named))


def _of_cover(uncovered: list[dict[str, Any]]) -> str:
    if not uncovered:
        return ""
    first, count = uncovered[0], len(uncovered)
    many = "1 session needs" if count == 1 else f"{count} sessions need"
    return f" {many} cover, the first at {first['establishment']} on {day(first['date'])}: see Sessions ahead."


@pages.post("/facilitators/<uuid:facilitator>")
def change_facilitator(facilitator: Any) -> AnyResponse:
    """Change what is another than it was: what is the same makes no gate memo out of date."""
    named, form = str(facilitator), request.form
    try:
        known = ask("scheduling", "get_facilitator", facilitator=named)
    except Refused as refused:
        answer: AnyResponse = asked_again(_again, refused, facilitator, "change_facilitator")
        return answer
    changed = what_differs(form, known, WRITTEN)
    where = {name: form.get(name, "").strip() for name in WHERE} if what_differs(form, known, WHERE) else {}
    emptied = [name for name in MAY_BE_EMPTY if changed.get(name) == ""]
    emptied += ["base"] if where and not any(where.values()) else []
    given = {name: value for name, value in changed.items() if name not in emptied}
    given |= where if any(where.values()) else {}
    return _do(facilitator, "change_facilitator", "It is changed.", facilitator=named, empty=emptied or None, **given)


@pages.post("/facilitators/<uuid:facilitator>/accreditations")
def accredit(facilitator: Any) -> AnyResponse:
    """Record what somebody is qualified for, or have it end."""
    form = request.form
    if form.get("accreditation"):
        return _do(facilitator, "end_accreditation", "It ends on that day.", accreditation=form["accreditation"],
                   on=form.get("on", ""))  # fmt: skip
    return _do(
        facilitator, "add_accreditation", "It is recorded.", facilitator=str(facilitator), kind=form.get("kind", ""),
        valid_from=form.get("valid_from", ""), valid_until=form.get("valid_until") or None
    )  # fmt: skip


@pages.post("/facilitators/<uuid:facilitator>/leave")
def change_leave(facilitator: Any) -> AnyResponse:
    """Note dates on which somebody is not to be asked, or take them back. Why is not asked."""
    form = request.form
    if form.get("leave"):
        return _do(facilitator, "remove_leave", "They can be asked on these days again.", leave=form["leave"])
    days = {"first": form.get("first", ""), "last": form.get("last") or form.get("first", "")}
    return _do(facilitator, "add_leave", "They are not asked on these days.", facilitator=str(facilitator), **days)


@pages.post("/facilitators/<uuid:facilitator>/hours")
def set_working_hours(facilitator: Any) -> AnyResponse:
    """Set when somebody works in a week, in place of what it was."""
    form = request.form
    hours = [
        {"weekday": weekday, "start": start, "end": end}
        for weekday in WEEKDAYS
        for start, end in zip(form.getlist(f"{weekday}_start"), form.getlist(f"{weekday}_end"), strict=False)
        if start or end
    ]
    return _do(facilitator, "set_working_hours", "Their week is set.", facilitator=str(facilitator), hours=hours)


@pages.post("/facilitators/<uuid:facilitator>/erase")
def erase_facilitator(facilitator: Any) -> AnyResponse:
    """Erase what is held on somebody who has left. The sessions they led stay, without a name."""
    form, lacking = request.form, {}
    if form.get("sure") != "yes":
        lacking["sure"] = ["Please tick that you are sure: it cannot be taken back."]
    if not form.get("reason", "").strip():
        lacking["reason"] = ["Please say why, without naming them. It stands in the audit."]
    if lacking:
        words = " ".join(sentence for sentences in lacking.values() for sentence in sentences)
        refused = Refused("invalid", words, lacking)
        answer: AnyResponse = asked_again(_again, refused, facilitator, "erase_facilitator")
        return answer
    done = (
        "What was held on them is erased. Their sessions stay, without a name. "
        "If they have an account here, please ask whoever looks after accounts to disable it."
    )
    return _do(facilitator, "erase_facilitator", done, facilitator=str(facilitator), reason=form["reason"].strip())
