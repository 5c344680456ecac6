"""What is somebody's own: a facilitator's offers, registers and calendar; what an organisation commissioned."""

from __future__ import annotations

import base64
import calendar as months
import datetime as dt
from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, me, page, pages, together
from ops.console.forms import counts_of
from ops.console.going_out import GoingOut, seen_first, told_by
from ops.console.pages.calendar import by_day, day_asked
from ops.gateway.roles import OWN
from ops.vocabulary import ABSENCES
from shared.errors import Refused

NEXT = 8
"""How many sessions ahead are shown at once; the rest is opened."""
COLOURS = {"granted": "good", "expiring": "soon", "lapsed": "late", "suspended": "late", "refused": "late"}
STATES = {"signed": "good", "awaiting_signature": "soon", "sent": "soon", "accepted": "good", "delivered": "good"}


@pages.get("/your-work")
def your_work(refused: Refused | None = None, sent: str = "") -> Response:
    """Show a facilitator what waits for them: offers, registers, sessions ahead, and where they are cleared."""
    whose = _whose()
    person, ahead, offers, registers = together(
        partial(ask, "scheduling", "get_facilitator", facilitator=whose),
        partial(ask, "scheduling", "list_sessions_ahead", facilitator=whose),
        partial(ask, "scheduling", "list_offers", state="open", facilitator=whose),
        partial(ask, "scheduling", "list_registers", facilitator=whose),
    )
    asked = [ask("scheduling", "get_offer", offer=each["offer"], facilitator=whose) for each in offers]
    return page(
        "theirs/work.html",
        person=person,
        ahead=[each for each in ahead if each["run_state"] != "draft"],
        offers=asked,
        registers=registers,
        next=NEXT,
        colours=COLOURS,
        absences=ABSENCES,
        refused=refused,
        sent=sent,
        given=request.form,
    )


def _work_again(sent: str, refused: Refused | None = None) -> Response:
    return your_work(refused, sent)


@pages.post("/your-work/offers/<uuid:offer>/<any(accept,decline):what>")
def answer_your_offer(offer: Any, what: str) -> AnyResponse:
    """Say yes or no to an offer of one's own."""
    asked = {"offer": str(offer), "facilitator": _whose()}
    try:
        shown = seen_first("scheduling", f"{what}_offer", partial(_answering, what, asked), your_work)
        if shown is not None:
            return shown
        ask("scheduling", f"{what}_offer", **asked)
    except Refused as refused:
        answer: AnyResponse = asked_again(_work_again, refused, "")
        return answer
    done = {"accept": "Thank you. You lead these sessions, and everybody on the run is told.",
            "decline": "Thank you for saying so. Why is not asked, and nothing is held against a no."}  # fmt: skip
    flash(done[what])
    return redirect(url_for("console.your_work"))


def _answering(what: str, asked: dict[str, str]) -> GoingOut:
    found = ask("scheduling", f"{what}_offer", dry_run=True, **asked)
    dates = len(found["sessions"])
    return GoingOut(
        f"{found['establishment']['name']}, {dates} session{'' if dates == 1 else 's'}",
        "Yes, I will" if what == "accept" else "No, I cannot",
        url_for("console.your_work"),
        told_by(found),
    )


@pages.post("/your-work/sessions/<uuid:session>/<any(delivered,register):what>")
def hand_in(session: Any, what: str) -> AnyResponse:
    """Put down that a session was held, or how many came to it."""
    asked: dict[str, Any] = {"session": str(session), "facilitator": _whose()}
    if what == "register":
        asked |= counts_of(request.form)
    try:
        ask("scheduling", "submit_attendance" if what == "register" else "record_delivered", **asked)
    except Refused as refused:
        answer: AnyResponse = asked_again(_work_again, refused, str(session))
        return answer
    flash("Thank you, the register is in." if what == "register" else "It is put down as held. How many came?")
    return redirect(url_for("console.your_work"))


@pages.get("/your-calendar")
def your_calendar() -> Response:
    """Show a month of one's own sessions."""
    whose, on = _whose(), day_asked()
    weeks = months.Calendar().monthdatescalendar(on.year, on.month)
    first, last = weeks[0][0], weeks[-1][-1]
    found = ask("scheduling", "get_calendar", start=first.isoformat(), end=last.isoformat(), facilitators=[whose])
    before, after = on.replace(day=1) - dt.timedelta(days=1), on.replace(day=28) + dt.timedelta(days=7)
    return page("theirs/calendar.html", on=on, weeks=weeks, days=by_day(found, first, last),
                before=before.replace(day=1), after=after.replace(day=1))  # fmt: skip


@pages.get("/your-agreements")
def your_agreements() -> Response:
    """Show an organisation what it asked for, was offered and has agreed to, and what was held of it."""
    found = ask("enquiries", "get_commissioned", organisation=_whose())
    return page("theirs/agreements.html", found=found, colours=STATES)


@pages.get("/your-agreements/proposals/<uuid:proposal>/paper")
def your_proposal(proposal: Any) -> Response:
    """Give a proposal that was sent to one's organisation as PDF."""
    paper = ask("enquiries", "get_proposal_pdf", proposal_id=str(proposal), organisation=_whose())
    answer = Response(base64.b64decode(paper["pdf"]), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{paper["name"]}"'
    return answer


def _whose() -> str:
    """Give whom the signed-in operator stands for. Raises `Refused("forbidden")` for everybody else."""
    whose = me().stands_for
    if not whose or not me().roles & OWN:
        words = "These pages are for who stands for a facilitator or an organisation. Yours are in the navigation."
        raise Refused("forbidden", words)
    return whose
