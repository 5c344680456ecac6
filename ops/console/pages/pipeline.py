"""The pipeline as a board and as a list, the search, and what was kept aside as suspected spam."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, may_ask, only_for, page, pages, wants_csv
from ops.console.going_out import GoingOut, seen_first, told_by
from ops.vocabulary import STAGES
from shared.errors import Refused

FIELDS = (
    "owner",
    "waiting_on",
    "programme",
    "establishment",
    "received_from",
    "received_to",
    "overdue",
    "has_open_task",
)
SIDES = (("us", "Us"), ("prison", "The prison"), ("funder", "The funder"))
CLOCKS = {"in_time": "good", "due_today": "soon", "late": "late"}
TAKEN = (
    "programme", "establishment", "contact_name", "contact_role", "organisation", "contact_email", "contact_phone",
    "group_size", "preferred_start", "preferred_times", "message",
)  # fmt: skip
"""What is asked of somebody who rings."""
PER_STAGE, SHOWN, IN_FILE = 8, 50, 1000
LIST_COLUMNS = ("reference", "stage", "standing", "establishment", "programme", "owner", "waiting_on", "received_at",
                "first_reply_due_at")  # fmt: skip


def _chosen() -> dict[str, Any]:
    """Read the filter from the address, where it survives a reload and can be sent to a colleague."""
    given: dict[str, Any] = {name: request.args.get(name) or None for name in (*FIELDS, "saved")}
    return given | {name: True if given[name] == "yes" else None for name in ("overdue", "has_open_task")}


@pages.get("/pipeline")
def pipeline(refused: Refused | None = None) -> Response:
    """Show the board: a column for each stage."""
    chosen = _chosen()
    board = ask("enquiries", "get_board", per_stage=PER_STAGE, **chosen)
    return page(
        "pipeline/board.html",
        stages=[stage for stage in board["stages"] if stage["open"] or stage["stage"] == "won"],
        closed=[stage for stage in board["stages"] if not stage["open"] and stage["stage"] != "won"],
        **_around(chosen, refused),
    )


@pages.get("/pipeline/list")
def enquiries() -> Response:
    """List enquiries, the newest first: one stage, or all that a filter lets through."""
    chosen = _chosen()
    stage, after = request.args.get("stage") or None, request.args.get("after") or None
    limit = IN_FILE if wants_csv() else SHOWN
    rows = ask("enquiries", "list_enquiries", limit=limit, stage=stage, after=after, **chosen)
    if wants_csv():
        return csv("enquiries", LIST_COLUMNS, ([row[name] for name in LIST_COLUMNS] for row in rows))
    return page("pipeline/list.html", rows=rows, stage=stage, stages=STAGES, shown=SHOWN, **_around(chosen, None))


def _around(chosen: dict[str, Any], refused: Refused | None) -> dict[str, Any]:
    return {
        "chosen": chosen,
        "filters": ask("enquiries", "list_filters"),
        "programmes": [(row["programme"], row["name"]) for row in _programmes()],
        "sides": SIDES,
        "clocks": CLOCKS,
        "refused": refused,
        "filtered": _filtered(chosen),
    }


def _programmes() -> list[dict[str, Any]]:
    if not may_ask("scheduling", "list_programmes"):
        return []
    try:
        found: list[dict[str, Any]] = ask("scheduling", "list_programmes")
    except Refused:
        return []  # the filter can do without their names
    return found


@pages.post("/pipeline/<reference>/move")
def move_on_board(reference: str) -> AnyResponse:
    """Move an enquiry from the board: dragged on a desk, by a button everywhere."""
    to, reason = request.form.get("to", ""), request.form.get("reason") or None
    try:
        moved = ask("enquiries", "move_enquiry", reference=reference, to=to, reason=reason)
    except Refused as refused:
        answer: AnyResponse = asked_again(pipeline, refused)
        return answer
    left = moved.get("left_open") or []
    flash(f"{reference} is moved." + (f" Still open where it was: {len(left)}." if left else ""))
    return redirect(url_for("console.pipeline", **_filtered(_chosen())))


def _filtered(chosen: dict[str, Any]) -> dict[str, Any]:
    """Give a filter as it stands in an address."""
    return {name: "yes" if value is True else value for name, value in chosen.items() if value is not None}


@pages.post("/pipeline/filters")
def save_filter() -> AnyResponse:
    """Keep the filter under a name, or forget one."""
    form = request.form
    if form.get("forget"):
        ask("enquiries", "forget_filter", name=form["forget"])
        flash("The filter is forgotten.")
        return redirect(url_for("console.pipeline"))
    chosen = {name: value for name, value in _chosen().items() if value is not None and name != "saved"}
    try:
        ask("enquiries", "save_filter", name=form.get("name", ""), fields=chosen)
    except Refused as refused:
        answer: AnyResponse = asked_again(pipeline, refused)
        return answer
    flash("The filter is kept.")
    return redirect(url_for("console.pipeline", saved=form.get("name")))


@pages.get("/search")
def search() -> Response:
    """Find enquiries by words, beginnings of words or a reference; a reference alone leads straight there."""
    words = request.args.get("words", "").strip()
    rows = ask("enquiries", "search_enquiries", words=words, limit=SHOWN) if words else []
    if len(rows) == 1 and rows[0]["reference"].replace("-", "").lower() in words.replace("-", "").lower():
        return redirect(url_for("console.enquiry", reference=rows[0]["reference"]))  # type: ignore[return-value]
    people = []
    if words and may_ask("enquiries", "list_contacts"):
        people = ask("enquiries", "list_contacts", search=words, limit=10)
    return page("pipeline/search.html", rows=rows, people=people, words=words, shown=SHOWN)


@pages.get("/quarantine")
def quarantine(refused: Refused | None = None) -> Response:
    """Show what was kept aside as suspected spam."""
    rows = ask("enquiries", "list_quarantine", limit=SHOWN)
    return page(
        "pipeline/quarantine.html",
        rows=rows,
        count=ask("enquiries", "count_quarantine"),
        refused=refused,
    )


@pages.post("/quarantine")
def settle_quarantine() -> AnyResponse:
    """Release what is genuine, or clear away what is chosen, or all that was looked at."""
    form = request.form
    try:
        if form.get("release"):
            shown = seen_first("enquiries", "release_enquiry", lambda: _releasing(form["release"]), quarantine)
            if shown is not None:
                return shown
            ask("enquiries", "release_enquiry", reference=form["release"])
            flash("It is released, and gets its acknowledgement.")
            return redirect(url_for("console.quarantine"))
        chosen = form.getlist("reference")
        which: dict[str, Any] = {"all_before": form["all_before"]} if form.get("all_before") else {"references": chosen}
        cleared = ask("enquiries", "clear_quarantine", reason=form.get("reason") or "Looked at in the console", **which)
    except Refused as refused:
        answer: AnyResponse = asked_again(quarantine, refused)
        return answer
    left = f" {cleared['left']} more wait: please press it again." if cleared["left"] else ""
    flash(f"{cleared['cleared']} cleared away. They go for good in 30 days.{left}")
    return redirect(url_for("console.quarantine"))


def _releasing(reference: str) -> GoingOut:
    suspect = ask("enquiries", "get_enquiry", reference=reference)
    return GoingOut(
        f"{suspect['establishment']}, {suspect['reference']}",
        "It is genuine: release it",
        url_for("console.quarantine"),
        told_by(ask("enquiries", "release_enquiry", reference=reference, dry_run=True)),
        follows=("It is filed as every other enquiry, and its clock for the first reply runs.",),
        words=suspect["message"],
    )


@pages.get("/enquiries/new")
def new_enquiry(refused: Refused | None = None) -> Response:
    """Ask for what somebody says who rang or wrote on paper."""
    programmes = [(row["programme"], row["name"]) for row in _programmes()]
    only_for("enquiries", "add_enquiry")
    return page("pipeline/new.html", programmes=programmes, refused=refused, given=request.form)


@pages.post("/enquiries/new")
def add_enquiry() -> AnyResponse:
    """Take an enquiry for somebody who rang or wrote on paper."""
    form = request.form
    answers = {name: form[name] for name in TAKEN if form.get(name)}
    try:
        taken = ask("enquiries", "add_enquiry", answers=answers, channel=form.get("channel", "phone"))
    except Refused as refused:
        answer: AnyResponse = asked_again(new_enquiry, refused)
        return answer
    flash(f"It is taken. Please tell them their reference: {taken['reference']}.")
    return redirect(url_for("console.enquiry", reference=taken["reference"]))
