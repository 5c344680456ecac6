"""Messages: what is to go out and why, what became of it, who has not been told, and what came back."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, know_contacts, page, pages, wants_csv
from ops.console.going_out import GoingOut, Letter, Letters, seen_first, whom
from ops.console.words import moment
from ops.telling import plain
from ops.vocabulary import NOT_THROUGH
from shared.errors import Refused

STATES = (
    "scheduled", "sending", "accepted", "delivered", "bounced", "failed", "unknown", "suppressed", "superseded",
    "missed",
)  # fmt: skip
COLOURS = {
    "accepted": "good",
    "delivered": "good",
    "scheduled": "soon",
    "sending": "soon",
    "unknown": "late",
    "bounced": "late",
    "failed": "late",
    "missed": "late",
}
COLUMNS = ("due_at", "template", "recipient", "subject", "state", "attempts", "accepted_at", "why", "id")
ANSWER_COLUMNS = ("read_at", "kind", "outcome", "about", "message", "id")
SHOWN, IN_FILE = 50, 1000
AHEAD = (7, 14, 28, 90)
"""Days that one may look ahead."""
VERDICTS = {"told": "Told", "to_be_told": "To be told", "in_doubt": "In doubt", "not_told": "Not told"}
WAYS = (("phone", "By phone"), ("paper", "On paper"), ("in_person", "In person"))


@pages.get("/messages")
def messages() -> Response:
    """List the ledger: what waits, or what is in a state, about something or to somebody."""
    chosen = {name: request.args.get(name) or None for name in ("state", "subject", "recipient", "template")}
    if not any(chosen.values()):
        chosen["state"] = "scheduled"
    rows = ask("notifications", "list_messages", limit=IN_FILE if wants_csv() else SHOWN, **chosen)
    if wants_csv():
        return csv("messages", COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    know_contacts(row["recipient"] for row in rows)
    return page("messages/ledger.html", rows=rows, chosen=chosen, states=STATES, colours=COLOURS, shown=SHOWN)


@pages.get("/messages/ahead")
def ahead() -> Response:
    """Show everything that is due in the next days, and why."""
    days = request.args.get("days", default=14, type=int)
    found = ask("notifications", "simulate", days=max(1, min(days, 400)), limit=IN_FILE if wants_csv() else SHOWN)
    if wants_csv():
        columns = ("due_at", "template", "recipient", "rule", "run", "why")
        return csv("messages-ahead", columns, ([row[name] for name in columns] for row in found["messages"]))
    return page("messages/ahead.html", found=found, days=days, choices=AHEAD)


@pages.get("/messages/not-told")
def not_told(refused: Refused | None = None) -> Response:
    """Show who does not know, or perhaps not, of a session to come."""
    rows = ask("notifications", "list_not_told", limit=IN_FILE if wants_csv() else SHOWN)
    if wants_csv():
        columns = ("at", "recipient", "establishment", "verdict", "why", "message")
        return csv("not-told", columns, ([row.get(name) for name in columns] for row in rows))
    return page("messages/not_told.html", rows=rows, verdicts=VERDICTS, ways=WAYS, refused=refused)


@pages.post("/messages/not-told")
def note_told() -> AnyResponse:
    """Note that somebody was told by phone, on paper or in person."""
    form = request.form
    session = form.get("session", type=int)
    try:
        ask("notifications", "note_told", recipient=form.get("recipient", ""), way=form.get("way", ""),
            run=form.get("run") or None, session=session)  # fmt: skip
    except Refused as refused:
        answer: AnyResponse = asked_again(not_told, refused)
        return answer
    flash("It is noted that they know.")
    return redirect(url_for("console.not_told"))


@pages.get("/messages/returned")
def returned(refused: Refused | None = None) -> Response:
    """Show what came back by mail, and which addresses are not written to."""
    chosen = {name: request.args.get(name) or None for name in ("kind", "outcome")}
    answers = ask("notifications", "list_answers", limit=IN_FILE if wants_csv() else SHOWN, **chosen)
    if wants_csv():
        return csv("answers", ANSWER_COLUMNS, ([row[name] for name in ANSWER_COLUMNS] for row in answers))
    return page(
        "messages/returned.html",
        answers=answers,
        mailbox=ask("notifications", "get_mailbox"),
        suppressions=ask("notifications", "list_suppressions", limit=SHOWN),
        refused=refused,
    )


@pages.post("/messages/returned/<suppression>/lift")
def lift_suppression(suppression: str) -> AnyResponse:
    """Let an address be written to again."""
    try:
        ask("notifications", "lift_suppression", suppression=suppression, reason=request.form.get("reason", ""))
    except Refused as refused:
        answer: AnyResponse = asked_again(returned, refused)
        return answer
    flash("The address is written to again.")
    return redirect(url_for("console.returned"))


@pages.get("/messages/runs/<run>")
def proof(run: str) -> Response:
    """Show who was told of each session of a run, by which message, and who was not."""
    return page("messages/proof.html", proof=ask("notifications", "session_proof", run=run), verdicts=VERDICTS)


@pages.get("/messages/<uuid:message>")
def message(message: Any, refused: Refused | None = None) -> Response:
    """Show all that is known of a message."""
    shown = ask("notifications", "get_message", message=str(message))
    return page("messages/message.html", message=shown, colours=COLOURS, lost=NOT_THROUGH, ways=WAYS,
                refused=refused, given=request.form)  # fmt: skip


@pages.post("/messages/<uuid:message>/<any(resend,settle):what>")
def change_message(message: Any, what: str) -> AnyResponse:
    """Send a message again, or say what became of one that is in doubt."""
    form = request.form
    given: dict[str, Any] = {"message": str(message), "reason": form.get("reason", "")}
    if what == "settle":
        given["state"] = form.get("state", "")
    try:
        if what == "resend":
            again = ("notifications", "resend_message")
            shown = seen_first(*again, lambda: _sending_again(given), lambda: _message_again(message))
            if shown is not None:
                return shown
        changed = ask("notifications", f"{what}_message", **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(_message_again, refused, message)
        return answer
    flash("It goes out again." if what == "resend" else "It is noted.")
    return redirect(url_for("console.message", message=changed["id"]))


def _sending_again(given: dict[str, Any]) -> GoingOut:
    again = ask("notifications", "resend_message", dry_run=True, **given)
    return GoingOut(
        f"{plain(again['template'])}, once more",
        "Send it again",
        url_for("console.message", message=given["message"]),
        Letters((Letter(whom(again["recipient"]), again["template"]),)),
        (f"It goes out {moment(again['goes_at'])}. If the first one arrived after all, they have it twice.",),
    )


def _message_again(named: Any, refused: Refused | None = None) -> Response:
    return message(named, refused)
