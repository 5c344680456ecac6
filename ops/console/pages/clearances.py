"""Who may work where: the clearance matrix, and what is recorded of each clearance."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, page, pages, wants_csv
from ops.console.going_out import GoingOut, seen_first
from ops.console.words import day
from ops.vocabulary import CLEARANCE_STATES, LEVELS
from shared.errors import Refused

COLOURS = {
    "valid": "good",
    "expiring": "soon",
    "not_yet": "soon",
    "applied": "soon",
    "suspended": "late",
    "below_level": "late",
    "expired": "late",
    "refused": "late",
}
"""How each standing is marked; the word says it as well."""
PLACES_SHOWN, PEOPLE_SHOWN = 8, 40
"""Columns and rows of one page of the matrix."""


@pages.get("/clearances")
def clearances() -> Response:
    """Show how everybody stands with every place, today or on a day."""
    on = request.args.get("on") or None
    places = [place for place in request.args.getlist("place") if place] or None
    if wants_csv():
        return _as_file(ask("scheduling", "clearance_matrix", on=on, establishments=places))
    after, part = request.args.get("after") or None, max(1, request.args.get("part", default=1, type=int))
    matrix = ask("scheduling", "clearance_matrix", on=on, establishments=places, after=after, limit=PLACES_SHOWN)
    people = matrix["facilitators"]
    return page(
        "clearances/matrix.html",
        matrix=matrix,
        people=people[(part - 1) * PEOPLE_SHOWN : part * PEOPLE_SHOWN],
        after=after,
        part=part,
        more_people=len(people) > part * PEOPLE_SHOWN,
        colours=COLOURS,
        chosen=places or [],
    )


def _as_file(matrix: dict[str, Any]) -> Response:
    titles = ("Facilitator", "Establishment", "State", "Level", "From", "Until", "Days left", "Keys until", "Renewal")
    columns = ("state", "level", "valid_from", "until", "days_left", "keys_until", "renewal")
    rows = (
        [person["name"], cell["establishment"], *(cell[column] for column in columns)]
        for person in matrix["facilitators"]
        for cell in person["cells"]
    )
    return csv(f"clearances-{matrix['on']}", titles, rows)


@pages.get("/clearances/<facilitator>/<establishment>")
def clearance(facilitator: str, establishment: str, refused: Refused | None = None) -> Response:
    """Show what somebody holds for a place, and what can be recorded."""
    person = ask("scheduling", "get_facilitator", facilitator=facilitator)
    matrix = ask("scheduling", "clearance_matrix", facilitators=[facilitator], establishments=[establishment])
    return page(
        "clearances/clearance.html",
        person=person,
        place=matrix["establishments"][0],
        cell=matrix["facilitators"][0]["cells"][0],
        held=[each for each in person["clearances"] if each["establishment"] == establishment],
        colours=COLOURS,
        levels=LEVELS,
        states=CLEARANCE_STATES,
        refused=refused,
        given=request.form,
    )


@pages.post("/clearances/<facilitator>/<establishment>")
def grant_clearance(facilitator: str, establishment: str) -> AnyResponse:
    """Record a clearance that was granted or applied for."""
    form = request.form
    given: dict[str, Any] = {name: form.get(name, "") for name in ("valid_from", "valid_until")}
    given |= {name: form[name] for name in ("level", "state", "keys_until") if form.get(name)}
    given |= {"site_access": form.get("site_access") == "yes", "ctc": form.get("ctc") == "yes"}
    return _change(facilitator, establishment, "grant_clearance", "It is recorded.",
                   facilitator=facilitator, establishment=establishment, **given)  # fmt: skip


@pages.post("/clearances/<facilitator>/<establishment>/<held>/<any(change,suspend):what>")
def change_clearance(facilitator: str, establishment: str, held: str, what: str) -> AnyResponse:
    """Change a clearance, or have it open nothing for now."""
    names = ("state", "valid_until", "keys_until") if what == "change" else ()
    given = {name: request.form[name] for name in names if request.form.get(name)}
    done = "It is changed." if what == "change" else "It opens nothing until it is granted again."
    try:
        shown = seen_first(
            "scheduling",
            f"{what}_clearance",
            lambda: _hits(facilitator, establishment, what, given.get("valid_until")),
            lambda: clearance(facilitator, establishment),
        )
    except Refused as refused:
        answer: AnyResponse = asked_again(clearance, refused, facilitator, establishment)
        return answer
    return shown or _change(facilitator, establishment, f"{what}_clearance", done, clearance=held, **given)


def _hits(facilitator: str, establishment: str, what: str, until: str | None) -> GoingOut:
    """Show the sessions at the place that somebody is to lead, and which a clearance would cover no more."""
    matrix = ask("scheduling", "clearance_matrix", facilitators=[facilitator], establishments=[establishment])
    place, person = matrix["establishments"][0]["name"], matrix["facilitators"][0]["name"]
    ahead = ask("scheduling", "list_sessions_ahead", facilitator=facilitator)
    lost = [
        each for each in ahead if each["establishment"] == place and (what == "suspend" or each["date"] > (until or ""))
    ]
    follows = [f"Session {each['number']} on {day(each['date'])}, {each['start']} ({each['enquiry']})" for each in lost]
    if follows:
        follows = [f"{person} is to lead these there, and could not come in without another clearance:", *follows]
    else:
        follows = [f"No session that {person} is to lead there needs it."]
    button = "Suspend it" if what == "suspend" else "Change it"
    back = url_for("console.clearance", facilitator=facilitator, establishment=establishment)
    return GoingOut(f"{person}, {place}", button, back, follows=tuple(follows))


def _change(facilitator: str, establishment: str, method: str, done: str, /, **arguments: Any) -> AnyResponse:
    try:
        ask("scheduling", method, **arguments)
    except Refused as refused:
        answer: AnyResponse = asked_again(clearance, refused, facilitator, establishment)
        return answer
    flash(done)
    return redirect(url_for("console.clearance", facilitator=facilitator, establishment=establishment))
