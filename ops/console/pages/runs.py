"""Runs: planned, confirmed, changed with everything that follows shown first, and what became of each session."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, may_ask, only_for, page, pages, together, wants_csv
from ops.console.forms import counts_of, number
from ops.console.going_out import APPLY, AS_IF, GoingOut, seen_first, told_by
from ops.console.words import day, listed, moment
from ops.vocabulary import ABSENCES, CAUSES, CHARGE_REASONS, PARTIES
from shared.errors import Refused

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOWS = ("am", "pm", "day")
STATES = {"confirmed": "good", "draft": "soon", "held": "soon", "completed": "", "cancelled": "late"}
SESSIONS = {"planned": "", "delivered": "good", "part_delivered": "soon", "cancelled": "late", "superseded": ""}
SHOWN = 50

KINDS = {
    "cancel": ("Cancel it, with nothing in its place", ("cause", "party")),
    "cascade": ("Cancel it; its number and all later ones move on along the slot", ("cause", "party")),
    "make_up": ("Hold it on another date", ("date", "start", "cause", "party")),
    "move": ("Move it to another date or time", ("date", "start")),
    "move_on": ("Move it and all later ones", ("date",)),
    "swap": ("Have somebody leave it, somebody come, or both", ("out", "into")),
}
"""What can be done about one session, and what each asks for."""


@pages.get("/runs")
def runs() -> Response:
    """List runs, the one planned last first."""
    rows = ask("scheduling", "list_runs", limit=1000 if wants_csv() else SHOWN)
    if wants_csv():
        columns = ("enquiry", "establishment", "programme", "state", "first_session", "last_session", "run")
        return csv("runs", columns, ([row[name] for name in columns] for row in rows))
    return page("runs/list.html", rows=rows, states=STATES, shown=SHOWN)


@pages.get("/runs/<uuid:run>")
def run(run: Any, refused: Refused | None = None) -> Response:
    """Show a run: its sessions, what each still needs, who leads it, and what was changed."""
    shown, changes = together(
        partial(ask, "scheduling", "get_run", run=str(run)), partial(ask, "scheduling", "list_changes", run=str(run))
    )
    return page(
        "runs/run.html",
        run=shown,
        changes=changes,
        states=STATES,
        session_states=SESSIONS,
        weekdays=WEEKDAYS,
        windows=WINDOWS,
        refused=refused,
        given=request.form,
    )


def _run_again(named: Any, refused: Refused | None = None) -> Response:
    return run(named, refused)


@pages.post("/runs/<uuid:run>/<any(confirm,hold):what>")
def settle_run(run: Any, what: str) -> AnyResponse:
    """Confirm a draft, which tells everyone who takes part, or hold its time."""
    method = "confirm_run" if what == "confirm" else "place_hold"
    look = _confirming if what == "confirm" else _holding
    try:
        shown = seen_first("scheduling", method, lambda: look(str(run)), lambda: _run_again(run))
        if shown is not None:
            return shown
        ask("scheduling", method, run=str(run))
    except Refused as refused:
        answer: AnyResponse = asked_again(_run_again, refused, run)
        return answer
    told = "It is confirmed: everyone who takes part is written to, at their hours."
    flash(told if what == "confirm" else "Its time is held.")
    return redirect(url_for("console.run", run=run))


def _confirming(run: str) -> GoingOut:
    found = ask("scheduling", "confirm_run", run=run, dry_run=True)
    sessions = sum(each["state"] == "planned" for each in found["sessions"])
    return GoingOut(
        f"{found['establishment']['name']}, {found['programme_name']}",
        "Confirm, and tell everyone",
        url_for("console.run", run=run),
        told_by(found),
        follows=(f"Each confirmation has a calendar file of {sessions} session{'' if sessions == 1 else 's'}.",),
    )


def _holding(run: str) -> GoingOut:
    held = ask("scheduling", "place_hold", run=run, dry_run=True)
    place = held["establishment"]["name"]
    ahead = ", ".join(each["establishment"]["name"] for each in held["waits_for"]) or "another hold"
    return GoingOut(
        f"{place}, a hold",
        "Hold its time",
        url_for("console.run", run=run),
        told_by(held),
        follows=(
            f"{place} has this time until the end of {day(held['expires_on'])}."
            if held["rank"] == 1
            else f"{place} waits in line behind {ahead}: no time is taken for it yet.",
        ),
    )


@pages.post("/runs/<uuid:run>/rules")
def override_rule(run: Any) -> AnyResponse:
    """Keep a rule open for a run or one session, in one's own name and with a reason; or put it again."""
    form = request.form
    try:
        if form.get("withdraw"):
            ask("scheduling", "withdraw_override", override=form["withdraw"])
        else:
            ask("scheduling", "override_rule", run=str(run), rule=form.get("rule", ""), reason=form.get("reason", ""),
                session=form.get("session") or None)  # fmt: skip
    except Refused as refused:
        answer: AnyResponse = asked_again(_run_again, refused, run)
        return answer
    flash("The rule holds again." if form.get("withdraw") else "The rule is kept open, with your name and reason.")
    return redirect(url_for("console.run", run=run))


@pages.get("/runs/<uuid:run>/sessions/<session>")
def session(run: Any, session: str, refused: Refused | None = None) -> Response:
    """Show one session: who leads it, who could, what became of it, and what can be done."""
    whole = ask("scheduling", "get_run", run=str(run))
    this = next((each for each in whole["sessions"] if each["id"] == session), None)
    if this is None:
        raise Refused("not_found", "This run has no such session.")
    planned = this["state"] == "planned" and whole["state"] not in {"completed", "cancelled"}
    asked: list[Callable[[], Any]] = [
        partial(ask, "scheduling", "get_delivery", session=session),
        partial(facilitators_by_name, left=False),
    ]
    if planned:
        asked += [partial(_cover, session), partial(ask, "scheduling", "list_remedies", run=str(run), session=session)]
    delivery, people, *ways = together(*asked)
    cover, remedies = ways or (None, [])
    return page(
        "runs/session.html",
        run=whole,
        session=this,
        remedies=remedies,
        cover=cover,
        delivery=delivery,
        people=people,
        kinds=KINDS,
        causes=CAUSES,
        parties=PARTIES,
        absences=ABSENCES,
        session_states=SESSIONS,
        refused=refused,
        given=request.form,
    )


def _session_again(run_id: Any, session_id: str, refused: Refused | None = None) -> Response:
    return session(run_id, session_id, refused)


def _cover(session_id: str) -> Any:
    try:
        return ask("scheduling", "get_cover", session=session_id)
    except Refused:
        return None  # a session that nobody can be found for any more


def facilitators_by_name(*, left: bool = True) -> list[tuple[str, str]]:
    """Give everybody who leads sessions, by id and name, where one may know that; without `left`, who may be asked."""
    if not may_ask("scheduling", "list_facilitators"):
        return []
    those = ask("scheduling", "list_facilitators", brief=True)
    return [(each["id"], each["name"]) for each in those if left or each.get("state") != "left"]


@pages.post("/runs/<uuid:run>/sessions/<session_id>/<any(delivered,part,undo,register,offer,withdraw):what>")
def note_session(run: Any, session_id: str, what: str) -> AnyResponse:
    """Put down what became of a session, or see to who leads it."""
    form = request.form
    calls: dict[str, tuple[str, dict[str, Any], str]] = {
        "delivered": ("record_delivered", {"session": session_id}, "It is put down as held."),
        "part": (
            "record_part_delivered",
            {
                "session": session_id,
                "cause": form.get("cause", ""),
                "party": form.get("party", ""),
                "minutes": number(form.get("minutes")),
            },
            "It is put down as held in part.",
        ),
        "undo": ("undo_outcome", {"session": session_id}, "What was put down is taken back."),
        "register": ("submit_attendance", {"session": session_id, **counts_of(form)}, "The register is in."),
        "offer": (
            "make_offer",
            {
                "sessions": [session_id],
                "facilitator": form.get("facilitator", ""),
                "instead_of": form.get("instead_of") or None,
            },
            "They are asked by mail, with a link to answer.",
        ),
        "withdraw": (
            "withdraw_from_session",
            {"sessions": [session_id], "facilitator": form.get("facilitator", "")},
            "They do not lead it, and cover is looked for.",
        ),
    }
    method, given, done = calls[what]
    look = {"offer": _offering, "withdraw": _coming_off}.get(what)
    try:
        if look is not None:
            going_out = partial(look, str(run), session_id, given)
            shown = seen_first("scheduling", method, going_out, lambda: session(run, session_id))
            if shown is not None:
                return shown
        ask("scheduling", method, **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(_session_again, refused, run, session_id)
        return answer
    flash(done)
    return redirect(url_for("console.session", run=run, session=session_id))


def _offering(run: str, session_id: str, given: dict[str, Any]) -> GoingOut:
    offer = ask("scheduling", "make_offer", dry_run=True, **given)
    (asked,) = offer["sessions"]
    return GoingOut(
        f"Session {asked['number']}, {day(asked['date'])}, {asked['start']} to {asked['end']}",
        f"Ask {offer['facilitator']['name']}",
        url_for("console.session", run=run, session=session_id),
        told_by(offer),
        follows=(f"The letter has a link to say yes or no, until {moment(offer['answer_by'])}.",),
    )


def _coming_off(run: str, session_id: str, given: dict[str, Any]) -> GoingOut:
    tried = ask("scheduling", "withdraw_from_session", dry_run=True, **given)
    (found,) = tried["sessions"]
    gone = next((name for each, name in facilitators_by_name() if each == given["facilitator"]), "Who comes off it")
    return GoingOut(
        f"Session {found['number']}, {day(found['date'])}, without {gone}",
        "Take them off",
        url_for("console.session", run=run, session=session_id),
        told_by(tried),
        follows=(
            f"{found['lacks'] or 'Nobody'} {'has' if found['lacks'] else 'more has'} to be found;"
            f" {len(found['can']) or 'nobody'} could lead it.",
            "Our team gets a task to find cover. Why is not asked, and not kept.",
        ),
        kind="grave",
    )


def _change_asked() -> dict[str, Any]:
    """Read from the form which change is asked for: all of it as JSON once it was shown, or its fields before."""
    form = request.form
    if form.get("change"):
        return _read_change(form["change"])
    kind = form.get("kind", "")
    names = ("session", "date", "start", "cause", "party", "weekday", "window", "time", "from", "out", "into")
    given: dict[str, Any] = {name: form[name] for name in names if form.get(name)}
    if kind in {"cancel", "swap"} and "session" in given:
        given["sessions"] = [given.pop("session")]
    return {"kind": kind, **given, **({"remedy": "drop"} if kind == "cancel" else {})}


def _read_change(text: str) -> dict[str, Any]:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        words = "This page was left half way. Please choose again what is to change."
        raise Refused("invalid", words, {"change": [words]})
    return asked


@pages.post("/runs/<uuid:run>/change")
def change_run(run: Any) -> AnyResponse:
    """Show everything that a change would do, and apply it once that was seen."""
    form, named = request.form, str(run)
    back = (
        url_for("console.session", run=run, session=form["back"])
        if form.get("back")
        else url_for("console.run", run=run)
    )
    try:
        change = _change_asked()
        if form.get("apply") != "yes":
            diff = ask("scheduling", "preview_change", run=named, change=change)
            would = ask("scheduling", "apply_change", run=named, change=change, basis=diff["basis"], **AS_IF)
            return page("runs/change.html", run=named, change=change, diff=diff, letters=told_by(would), back=back,
                        reasons=CHARGE_REASONS, session=form.get("back") or "")  # fmt: skip
        charge = {"yes": True, "no": False}.get(form.get("charge", ""))
        ask(
            "scheduling",
            "apply_change",
            run=named,
            change=change,
            basis=form.get("basis") or None,
            accept_breaches=form.get("accept_breaches") == "yes",
            chargeable=charge,
            charge_reason=(form.get("charge_reason") or None) if charge is not None else None,
        )
    except Refused as refused:
        if form.get("back"):
            answer: AnyResponse = asked_again(_session_again, refused, run, form["back"])
        else:
            answer = asked_again(_run_again, refused, run)
        return answer
    flash("It is changed. It can be taken back below.")
    return redirect(url_for("console.run", run=run))


@pages.post("/runs/<uuid:run>/reverse")
def reverse_change(run: Any) -> AnyResponse:
    """Show what taking back a change would do, and take it back once that was seen."""
    form = request.form
    try:
        if form.get("apply") != "yes":
            undo = form.get("undo", "")
            found = ask("scheduling", "preview_reversal", change=undo)
            would = ask("scheduling", "reverse_change", change=undo, basis=found["basis"], **AS_IF)
            return page("runs/reverse.html", run=str(run), undo=undo, found=found, letters=told_by(would))
        accept = form.get("accept_breaches") == "yes"
        ask("scheduling", "reverse_change", change=form.get("undo", ""), basis=form.get("basis") or None,
            accept_breaches=accept)  # fmt: skip
    except Refused as refused:
        answer: AnyResponse = asked_again(_run_again, refused, run)
        return answer
    flash("The change is taken back.")
    return redirect(url_for("console.run", run=run))


@pages.get("/enquiries/<reference>/run")
def slots(reference: str, refused: Refused | None = None) -> Response:
    """Show the slots that fit an enquiry, and ask for another."""
    only_for("scheduling", "find_slots")
    (found, why_not), people = together(partial(_slots, reference), partial(facilitators_by_name, left=False))
    return page(
        "runs/plan.html",
        reference=reference,
        found=found,
        why_not=why_not,
        people=people,
        weekdays=WEEKDAYS,
        windows=WINDOWS,
        refused=refused,
        given=request.form,
    )


@pages.post("/enquiries/<reference>/run")
def plan_run(reference: str) -> AnyResponse:
    """Plan a draft run for an enquiry, in a slot that fits or in one that is given by hand."""
    form = request.form
    given: dict[str, Any] = {name: form[name] for name in ("weekday", "window", "time", "room") if form.get(name)}
    given["facilitators"] = form.getlist("facilitator") or None
    given |= {"enquiry": reference, "start": form.get("start", "")}
    try:
        shown = _planning_seen_first(reference, given)
        if shown is not None:
            return shown
        planned = ask("scheduling", "plan_run", **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(slots, refused, reference)
        return answer
    flash("A draft is planned. Nobody is told before it is confirmed.")
    return redirect(url_for("console.run", run=planned["run"]))


def _planning_seen_first(reference: str, given: dict[str, Any]) -> Response | None:
    """Give the page that shows what planning anew would end, the form again for who goes back; None to go on."""
    if request.form.get(APPLY):
        return slots(reference) if request.form[APPLY] == "back" else None
    hold = _hold_for(reference)
    if hold is None:
        return None
    look = partial(_planning_anew, given, hold)
    return seen_first("scheduling", "plan_run", look, partial(slots, reference))


def _hold_for(reference: str) -> dict[str, Any] | None:
    """Give the hold that the draft of an enquiry has, which would end with its dates; None where there is none."""
    found = ask("scheduling", "list_runs", enquiry=reference, limit=1)
    held = ask("scheduling", "get_run", run=found[0]["run"]).get("hold") if found else None
    return ask("scheduling", "get_hold", hold=held["hold"]) if held else None


def _planning_anew(given: dict[str, Any], hold: dict[str, Any]) -> GoingOut:
    """Say what follows from planning a draft anew that has a hold, and whom it tells."""
    place = hold["establishment"]["name"]
    behind = listed(each["establishment"]["name"] for each in hold["waiting_behind"])
    has_it = f"has its dates until the end of {day(hold['expires_on'])}" if hold["rank"] == 1 else "waits in line"
    return GoingOut(
        f"{place}, planned anew",
        "Plan it anew, and let go of the hold",
        url_for("console.slots", reference=given["enquiry"]),
        told_by(ask("scheduling", "plan_run", dry_run=True, **given)),
        follows=(
            f"{place} {has_it}. That hold ends; the new dates can be held once they are planned.",
            f"{behind} may move up, and is told then." if behind else "Nobody waits behind it.",
        ),
        kind="grave",
    )


def _slots(reference: str) -> tuple[Any, str | None]:
    try:
        return ask("scheduling", "find_slots", enquiry=reference, limit=5), None
    except Refused as refused:
        return None, refused.detail
