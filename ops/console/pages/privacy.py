"""What is held on a person: given to them, erased, and let go of in time."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, page, pages, wants_csv
from ops.console.going_out import GoingOut, seen_first, told_by
from shared.errors import Refused

COLUMNS = ("kind", "state", "received_on", "due_on", "closed_at", "actor", "id")
KINDS = (("export", "Wants to know what we hold"), ("erasure", "Wants to be erased"))
TIME_COLUMNS = ("record", "key", "since", "period", "counted_from", "goes", "why")
SHOWN, IN_FILE = 50, 1000


@pages.get("/privacy")
def privacy(refused: Refused | None = None, receipt: Any = None) -> Response:
    """List requests about personal data, those that are open first."""
    rows = ask("enquiries", "list_data_requests", limit=IN_FILE if wants_csv() else SHOWN)
    if wants_csv():
        return csv("data-requests", COLUMNS, ([row.get(name) for name in COLUMNS] for row in rows))
    return page("privacy/requests.html", rows=rows, kinds=KINDS, refused=refused, receipt=receipt, given=request.form)


@pages.post("/privacy/note")
def note_data_request() -> AnyResponse:
    """Note that somebody asks for their data, or to be erased."""
    form = request.form
    try:
        ask("enquiries", "note_data_request", person=form.get("person", ""), kind=form.get("kind", ""),
            received_on=form.get("received_on") or None)  # fmt: skip
    except Refused as refused:
        answer: AnyResponse = asked_again(privacy, refused)
        return answer
    flash("It is noted, with the day by which it is due.")
    return redirect(url_for("console.privacy"))


@pages.post("/privacy/export")
def export_person() -> AnyResponse:
    """Give everything that is held on a person, as a file for them."""
    try:
        held = ask("enquiries", "export_person", person=request.form.get("person", ""))
    except Refused as refused:
        answer: AnyResponse = asked_again(privacy, refused)
        return answer
    file = Response(json.dumps(held, indent=2, ensure_ascii=False), mimetype="application/json")
    file.headers["Content-Disposition"] = 'attachment; filename="what-we-hold.json"'
    return file


@pages.post("/privacy/erase")
def erase_person() -> AnyResponse:
    """Erase a person everywhere, and show the receipt."""
    form = request.form
    given = {name: form.get(name, "") for name in ("person", "reason")}
    given |= {"received_on": form["received_on"]} if form.get("received_on") else {}
    try:
        if form.get("sure") != "yes":
            words = "Please tick that you are sure: it cannot be taken back."
            raise Refused("invalid", words, {"sure": [words]})
        shown = seen_first("enquiries", "erase_person", lambda: _whom(given), privacy)
        if shown is not None:
            return shown
        receipt = ask("enquiries", "erase_person", **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(privacy, refused)
        return answer
    receipt_shown: AnyResponse = privacy(receipt=receipt)
    return receipt_shown


def _whom(given: dict[str, str]) -> GoingOut:
    """Show who would be erased, so that it is nobody else by a slip, and what they are not sent any more."""
    person = given["person"]
    found = ask("enquiries", "list_contacts", search=person, limit=5) if "@" in person else []
    known = [each for each in found if (each["email"] or "").lower() == person.strip().lower()]
    if not known and "@" not in person:
        known = [ask("enquiries", "get_contact", contact=person)]
    who = [f"{each['name']}, {each['organisation'] or 'no organisation on record'}" for each in known]
    who = who or ["Nobody is on record under this address; what else is held under it goes."]
    lost = "Name, email, phone and words go everywhere, also from what waits to be sent. It cannot be taken back."
    return GoingOut(
        "who would be erased",
        "Erase them everywhere",
        url_for("console.privacy"),
        told_by(ask("enquiries", "erase_person", dry_run=True, **given)),
        follows=(*who, lost),
        kind="grave",
    )


@pages.get("/privacy/retention")
def retention() -> Response:
    """Show what has had its time and would go tonight, and why."""
    rows = ask("enquiries", "preview_retention", limit=IN_FILE if wants_csv() else SHOWN)
    if wants_csv():
        return csv("had-its-time", TIME_COLUMNS, ([row[name] for name in TIME_COLUMNS] for row in rows))
    return page("privacy/retention.html", rows=rows, shown=SHOWN)


@pages.post("/privacy/retention")
def run_retention() -> AnyResponse:
    """Let go now of what has had its time."""
    ask("enquiries", "run_retention")
    flash("It has begun: what has had its time is gone in a moment.")
    return redirect(url_for("console.retention"))
