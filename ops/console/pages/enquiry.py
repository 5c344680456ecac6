"""One enquiry: its words, what has happened, who it is from, what is to be known and done, and the next step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, ask_where_up, asked_again, may_ask, page, pages
from ops.console.going_out import GoingOut, seen_first, told_by
from ops.timeline import told
from ops.vocabulary import ANSWERS
from shared.errors import Refused

SAID = {
    "note": ("add_note", {}, "Your note is on the timeline."),
    "reply": ("reply_to_enquiry", {}, "Your reply goes out by mail, and is on the timeline."),
    "sent": ("reply_to_enquiry", {"sent": True}, "What you wrote elsewhere is on the timeline."),
    "answer": ("log_answer", {}, "Their answer is on the timeline."),
    "call": ("log_call", {"answered": True}, "The call is on the timeline."),
    "missed_call": ("log_call", {"answered": False}, "The call is on the timeline."),
}
"""What somebody may put on the timeline: the operation, its fixed arguments, and what is said afterwards."""
LINKED = ("contact", "organisation")
"""What an enquiry can be said to be from."""


@pages.get("/enquiries/<reference>")
def enquiry(reference: str, refused: Refused | None = None) -> Response:
    """Show an enquiry."""
    shown = ask("enquiries", "get_enquiry", reference=reference)
    return page(
        "enquiry/enquiry.html",
        enquiry=shown,
        timeline=told(reversed(shown["timeline"]), shown["tasks"]),
        matches=ask("enquiries", "list_matches", reference=reference),
        runs=_runs(reference),
        refused=refused,
        given=request.form,
        answers=ANSWERS,
    )


def _runs(reference: str) -> list[dict[str, Any]]:
    """Give the runs of an enquiry; none where who is signed in may not see them, or scheduling is away."""
    if not may_ask("scheduling", "list_runs"):
        return []
    found, _away = ask_where_up("scheduling", "list_runs", enquiry=reference, limit=5)
    return found or []


def change_enquiry(
    reference: str, method: str, done: str, /, *, look: Callable[[], GoingOut] | None = None, **arguments: Any
) -> AnyResponse:
    """Ask for a change and go back to the enquiry; a refusal is shown there, with what was typed.

    `look` is for a change that writes to people: what it gives is shown first.
    """
    try:
        shown = seen_first("enquiries", method, look, lambda: enquiry(reference)) if look is not None else None
        if shown is not None:
            return shown
        ask("enquiries", method, **arguments)
    except Refused as refused:
        answer: AnyResponse = asked_again(enquiry, refused, reference)
        return answer
    flash(done)
    return redirect(url_for("console.enquiry", reference=reference))


@pages.post("/enquiries/<reference>/say")
def say(reference: str) -> AnyResponse:
    """Put a note, a reply, an answer or a call on the timeline."""
    form = request.form
    if form.get("way") not in SAID:
        words = "Please say what it is: a note, a reply, an answer or a call."
        answer: AnyResponse = asked_again(enquiry, Refused("invalid", words, {"way": [words]}), reference)
        return answer
    method, fixed, done = SAID[form["way"]]
    words = form.get("words", "")
    look = (lambda: _replying(reference, words)) if form["way"] == "reply" and words.strip() else None
    return change_enquiry(reference, method, done, look=look, reference=reference, words=words, **fixed)


def _replying(reference: str, words: str) -> GoingOut:
    return GoingOut(
        f"A reply about {reference}",
        "Send it",
        url_for("console.enquiry", reference=reference),
        told_by(ask("enquiries", "reply_to_enquiry", reference=reference, words=words, dry_run=True)),
        follows=("The clock for the first reply stops, and it is their turn from then on.",),
        words=words,
    )


@pages.post("/enquiries/<reference>/move")
def move_enquiry(reference: str) -> AnyResponse:
    """Move it to another stage."""
    to, reason = request.form.get("to", ""), request.form.get("reason") or None
    return change_enquiry(reference, "move_enquiry", "It is moved.", reference=reference, to=to, reason=reason)


@pages.post("/enquiries/<reference>/assign")
def assign_enquiry(reference: str) -> AnyResponse:
    """Give it to somebody, or to nobody in particular."""
    owner = request.form.get("owner") or None
    return change_enquiry(reference, "assign_enquiry", "It is noted whose it is.", reference=reference, owner=owner)


@pages.post("/enquiries/<reference>/wait")
def wait_on(reference: str) -> AnyResponse:
    """Say whose turn it is."""
    side = request.form.get("waiting_on", "")
    return change_enquiry(reference, "wait_on", "It is noted whose turn it is.", reference=reference, waiting_on=side)


@pages.post("/enquiries/<reference>/questions/<item>")
def answer_question(reference: str, item: str) -> AnyResponse:
    """Answer a question of the checklist."""
    answer, note = request.form.get("answer", ""), request.form.get("note") or None
    done = "The checklist is up to date."
    return change_enquiry(reference, "answer_question", done, reference=reference, item=item, answer=answer, note=note)


@pages.post("/enquiries/<reference>/tasks")
def add_task(reference: str) -> AnyResponse:
    """Add something to do about it."""
    given = {name: request.form.get(name) or None for name in ("title", "due_on", "owner")}
    required: dict[str, Any] = {"title": "", "due_on": ""} | {name: value for name, value in given.items() if value}
    return change_enquiry(reference, "add_task", "It is on the list.", reference=reference, **required)


@pages.post("/enquiries/<reference>/tasks/<task_id>/finish")
def finish_task(reference: str, task_id: str) -> AnyResponse:
    """Note that a task is done."""
    outcome = request.form.get("outcome") or None
    return change_enquiry(reference, "finish_task", "Done, and noted.", task_id=task_id, outcome=outcome)


@pages.post("/enquiries/<reference>/matches")
def settle_match(reference: str) -> AnyResponse:
    """Take a suggestion of what it may be, or refuse it."""
    form = request.form
    kind, target, take = form.get("kind", ""), form.get("target", ""), form.get("take") == "yes"
    if kind == "duplicate":
        return _settle_duplicate(reference, target, take=take, reason=form.get("reason") or None)
    if not take:
        return change_enquiry(
            reference, "refuse_match", "It will not be suggested again.", reference=reference, target=target
        )
    if kind not in LINKED:
        words = "Please take one of the suggestions below."
        answer: AnyResponse = asked_again(enquiry, Refused("invalid", words, {"kind": [words]}), reference)
        return answer
    linked: dict[str, Any] = {kind: target}
    return change_enquiry(reference, "link_enquiry", "It is noted who it is from.", reference=reference, **linked)


def _settle_duplicate(reference: str, other: str, *, take: bool, reason: str | None) -> AnyResponse:
    if not take:
        done = "They are not the same: it will not be suggested again."
        return change_enquiry(reference, "not_duplicate", done, reference=reference, other=other)
    done = "The two are one now, with all words of both. It can be taken back."
    return change_enquiry(reference, "merge_enquiry", done, reference=reference, into=other, reason=reason)


@pages.post("/enquiries/<reference>/unmerge")
def unmerge_enquiry(reference: str) -> AnyResponse:
    """Take a merge back; `part` is the enquiry that was merged into this one."""
    part, reason = request.form.get("part") or reference, request.form.get("reason") or None
    return change_enquiry(reference, "unmerge_enquiry", "They are two again.", reference=part, reason=reason)
