"""Papers for the gate: memos of who comes in when and with what, and what places say to kit."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import all_places, ask, asked_again, csv, page, pages, wants_csv
from ops.console.going_out import GoingOut, seen_first, told_by
from ops.console.pages import runs
from shared.errors import Refused

MEMO_STATES = ("draft", "sent", "approved", "refused", "out_of_date", "replaced")
COLOURS = {"approved": "good", "sent": "soon", "draft": "soon", "refused": "late", "out_of_date": "late"}
MOST, IN_FILE = 50, 1000
MEMO_COLUMNS = ("establishment", "reference", "run", "session", "state", "version", "first_date", "due_on")
KIT_COLOURS = {"approved": "good", "requested": "soon", "lapses": "soon", "not_asked": "soon", "refused": "late"}


@pages.get("/memos")
def memos() -> Response:
    """List memos, the one due first first."""
    chosen = {name: request.args.get(name) or None for name in ("state", "run")}
    rows = ask("scheduling", "list_memos", limit=IN_FILE if wants_csv() else MOST, **chosen)
    if wants_csv():
        return csv("gate-memos", MEMO_COLUMNS, ([row[name] for name in MEMO_COLUMNS] for row in rows))
    return page("papers/memos.html", rows=rows, chosen=chosen, states=MEMO_STATES, colours=COLOURS, most=MOST)


@pages.get("/memos/<memo>")
def memo(memo: str, refused: Refused | None = None) -> Response:
    """Show a memo as the gate reads it, and what is another now."""
    return page("papers/memo.html", memo=ask("scheduling", "get_memo", memo=memo), colours=COLOURS, refused=refused)


@pages.get("/memos/<memo>/paper")
def memo_paper(memo: str) -> Response:
    """Give a memo as PDF."""
    paper = ask("scheduling", "get_memo_pdf", memo=memo)
    answer = Response(base64.b64decode(paper["pdf"]), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{paper["name"]}"'
    return answer


@pages.post("/runs/<run>/memos")
def make_memo(run: str) -> AnyResponse:
    """Make the next version of the memo about a run, as a draft."""
    given = {name: request.form.get(name) or None for name in ("purpose", "host", "session")}
    try:
        made = ask("scheduling", "make_memo", run=run, **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(_run_again, refused, run)
        return answer
    flash("A draft is made. Look at it before it goes out.")
    return redirect(url_for("console.memo", memo=made["memo"]))


@pages.post("/memos/<memo>/<any(send,approve,refuse):what>")
def settle_memo(memo: str, what: str) -> AnyResponse:
    """Send a memo to the gate, or note what the prison said."""
    given = {"approval": request.form.get("approval") or None} if what == "approve" else {}
    try:
        if what == "send":
            shown = seen_first("scheduling", "send_memo", lambda: _sending(memo), lambda: _again(memo))
            if shown is not None:
                return shown
        ask("scheduling", f"{what}_memo", memo=memo, **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(_again, refused, memo)
        return answer
    flash({"send": "It goes to the contact of the enquiry by mail."}.get(what, "It is noted."))
    return redirect(url_for("console.memo", memo=memo))


def _sending(memo: str) -> GoingOut:
    sent = ask("scheduling", "send_memo", memo=memo, dry_run=True)
    return GoingOut(
        f"Gate memo for {sent['establishment']}, version {sent['version']}",
        "Send it",
        url_for("console.memo", memo=memo),
        told_by(sent),
        follows=("Once it was sent, what the prison says of it is noted on its page.",),
        paper=url_for("console.memo_paper", memo=memo),
    )


def _again(named: str, refused: Refused | None = None) -> Response:
    return memo(named, refused)


def _run_again(named: str, refused: Refused | None = None) -> Response:
    return runs.run(named, refused)


@pages.get("/kit")
def kit(refused: Refused | None = None) -> Response:
    """Show what places say to kit, one place at a time."""
    place = request.values.get("place") or None
    known = ask("scheduling", "list_kit_approvals", establishment=place) if place else []
    if wants_csv() and place:
        columns = ("establishment_id", "item", "state", "valid_until", "approval", "at", "by")
        return csv(f"kit-{place}", columns, ([row[name] for name in columns] for row in known))
    places = all_places()
    return page("papers/kit.html", place=place, places=places, known=known, colours=KIT_COLOURS, refused=refused)


@pages.post("/kit")
def change_kit() -> AnyResponse:
    """Note that a place was asked about an item, or what it said."""
    form = request.form
    place, item, what = form.get("place", ""), form.get("item", ""), form.get("what", "")
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "request": ("request_kit", {"items": [item]}),
        "approve": ("approve_kit", {"item": item, "until": form.get("until") or None}),
        "refuse": ("refuse_kit", {"item": item}),
    }
    try:
        if what not in calls:
            raise Refused("invalid", "Please say what the prison said.", {"what": ["Please say what they said."]})
        method, given = calls[what]
        ask("scheduling", method, establishment=place, **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(kit, refused)
        return answer
    flash("It is noted.")
    return redirect(url_for("console.kit", place=place))


@pages.get("/runs/<run>/kit")
def kit_list(run: str, refused: Refused | None = None) -> Response:
    """Show what a run brings, and how that stands with the place."""
    return page(
        "papers/kit_list.html", kit=ask("scheduling", "get_kit_list", run=run), colours=KIT_COLOURS, refused=refused
    )


@pages.post("/runs/<run>/kit")
def change_kit_list(run: str) -> AnyResponse:
    """Have a run do without an item, bring something else, or bring it again."""
    form = request.form
    method = "bring_kit" if form.get("what") == "bring" else "leave_out_kit"
    instead = {"instead": form.get("instead") or None} if method == "leave_out_kit" else {}
    try:
        changed = ask("scheduling", method, run=run, item=form.get("item", ""), **instead)
    except Refused as refused:
        answer: AnyResponse = asked_again(kit_list, refused, run)
        return answer
    late = changed.get("out_of_date") if isinstance(changed, dict) else None
    flash("It is noted." + (" The gate memo says something else now: please send it again." if late else ""))
    return redirect(url_for("console.kit_list", run=run))
