"""Holds of time, offers to facilitators, and the programmes that can be put on."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, only_for, page, pages, wants_csv
from ops.console.forms import number
from ops.console.going_out import GoingOut, seen_first, told_by
from shared.errors import Refused

HOLD_STATES = ("active", "released", "expired", "converted", "all")
OFFER_STATES = ("open", "accepted", "declined", "withdrawn", "lapsed", "all")
COLOURS = {"active": "good", "open": "soon", "accepted": "good", "converted": "good", "lapsed": "late"}
EXTENSION_REASONS = (
    "agreement_being_signed",
    "purchase_order_awaited",
    "vetting_under_way",
    "prison_asked",
    "agreed_with_those_who_wait",
)
LONGEST = 10
HOLD_COLUMNS = ("enquiry", "establishment", "programme", "rank", "state", "first_session", "last_session", "expires_on",
                "waits_for", "hold")  # fmt: skip
OFFER_COLUMNS = ("name", "establishment", "role", "sessions", "state", "answer_by", "made_at", "answered_at", "enquiry",
                 "offer")  # fmt: skip
SHOWN, IN_FILE = 50, 1000


@pages.get("/holds")
def holds() -> Response:
    """List holds, those that end next first."""
    state = request.args.get("state") or "active"
    rows = ask("scheduling", "list_holds", state=state, limit=IN_FILE if wants_csv() else SHOWN)
    if wants_csv():
        told = (
            {**row, "establishment": row["establishment"]["name"], "waits_for": _names(row["waits_for"])}
            for row in rows
        )
        return csv("holds", HOLD_COLUMNS, ([row[name] for name in HOLD_COLUMNS] for row in told))
    return page("offers/holds.html", rows=rows, state=state, states=HOLD_STATES, colours=COLOURS, shown=SHOWN)


def _names(others: list[dict[str, Any]]) -> str:
    return ", ".join(each["establishment"]["name"] for each in others)


@pages.get("/holds/<uuid:hold>")
def hold(hold: Any, refused: Refused | None = None, sent: str = "") -> Response:
    """Show one hold: its last day, what it waits for, who waits behind it, and what letting go of it would do."""
    shown = ask("scheduling", "get_hold", hold=str(hold))
    return page("offers/hold.html", hold=shown, colours=COLOURS, reasons=EXTENSION_REASONS, longest=LONGEST,
                refused=refused, sent=sent, given=request.form)  # fmt: skip


def _hold_again(named: Any, sent: str, refused: Refused | None = None) -> Response:
    return hold(named, refused, sent)


@pages.post("/holds/<uuid:hold>/<any(extend,release):what>")
def change_hold(hold: Any, what: str) -> AnyResponse:
    """Let a hold last longer, or let go of it."""
    form, given = request.form, {}
    if what == "extend":
        forced = form.get("force") == "yes"
        given = {"working_days": number(form.get("working_days")), "force": forced or None}
        given |= {"reason": form.get("reason") or None}
    try:
        if what == "release":
            shown = seen_first(
                "scheduling", "release_hold", lambda: _releasing(str(hold)), lambda: _hold_again(hold, what)
            )
            if shown is not None:
                return shown
        ask("scheduling", f"{what}_hold", hold=str(hold), **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(_hold_again, refused, hold, what)
        return answer
    flash("It lasts longer now." if what == "extend" else "It is let go of. Its run is a draft again.")
    return redirect(url_for("console.hold", hold=hold))


def _releasing(hold: str) -> GoingOut:
    """Say what follows from letting go of a hold, and whom it tells."""
    found, would = ask("scheduling", "get_hold", hold=hold), ask("scheduling", "release_hold", hold=hold, dry_run=True)
    behind = _names(found["waiting_behind"])
    return GoingOut(
        f"{found['establishment']['name']}, a hold",
        "Let go of it",
        url_for("console.hold", hold=hold),
        told_by(would),
        follows=(
            "Its run is a draft again and keeps its dates; its people and rooms are free.",
            f"{behind} may move up, and is told then." if behind else "Nobody waits behind it.",
        ),
        kind="grave",
    )


@pages.get("/offers")
def offers() -> Response:
    """List offers to facilitators, the newest first: the open ones, unless others are asked for."""
    only_for("scheduling", "get_run")  # it leads to their runs; a facilitator has a page of their own
    state = request.args.get("state") or "open"
    rows = ask("scheduling", "list_offers", state=None if state == "all" else state,
               limit=IN_FILE if wants_csv() else SHOWN)  # fmt: skip
    if wants_csv():
        told = ({**row, "sessions": len(row["sessions"])} for row in rows)
        return csv("offers", OFFER_COLUMNS, ([row[name] for name in OFFER_COLUMNS] for row in told))
    return page("offers/offers.html", rows=rows, state=state, states=OFFER_STATES, colours=COLOURS, shown=SHOWN)


@pages.get("/offers/<uuid:offer>")
def offer(offer: Any, refused: Refused | None = None) -> Response:
    """Show one offer with its sessions, and what each answer would do."""
    only_for("scheduling", "get_run")
    shown = ask("scheduling", "get_offer", offer=str(offer))
    return page("offers/offer.html", offer=shown, colours=COLOURS, refused=refused)


def _offer_again(named: Any, refused: Refused | None = None) -> Response:
    return offer(named, refused)


@pages.post("/offers/<uuid:offer>/<any(accept,decline,withdraw):what>")
def answer_offer(offer: Any, what: str) -> AnyResponse:
    """Note the yes or no that was said by telephone, or take an offer back."""
    only_for("scheduling", "get_run")
    done = {
        "accept": "Their yes is noted: everybody on the run is told.",
        "decline": "Their no is noted. Why is not asked.",
        "withdraw": "It is taken back, and they are told.",
    }
    try:
        look = partial(_answering, str(offer), what)
        shown = seen_first("scheduling", f"{what}_offer", look, lambda: _offer_again(offer))
        if shown is not None:
            return shown
        ask("scheduling", f"{what}_offer", offer=str(offer))
    except Refused as refused:
        answer: AnyResponse = asked_again(_offer_again, refused, offer)
        return answer
    flash(done[what])
    return redirect(url_for("console.offer", offer=offer))


def _answering(offer: str, what: str) -> GoingOut:
    """Say whom an answer to an offer, or that it is taken back, is written to."""
    found = ask("scheduling", f"{what}_offer", offer=offer, dry_run=True)
    button = {"accept": "Note their yes", "decline": "Note their no", "withdraw": "Take the offer back"}[what]
    follows = ("Others who were asked for the same hear that it is covered.",) if what == "accept" else ()
    title = f"{found['facilitator']['name']}, {found['establishment']['name']}"
    return GoingOut(title, button, url_for("console.offer", offer=offer), told_by(found), follows=follows)


@pages.get("/programmes")
def programmes() -> Response:
    """Show the programmes that can be put on, with their versions."""
    every = ask("scheduling", "list_programmes", every=True)
    return page("offers/programmes.html", programmes=[_with_versions(list(each)) for _slug, each in groupby(
        every, key=lambda one: one["slug"])])  # fmt: skip


def _with_versions(versions: list[dict[str, Any]]) -> dict[str, Any]:
    """Give what counts of a programme, its live version or else the last, with all there are beside it."""
    chosen = next((each for each in versions if each["state"] == "live"), versions[0])
    return {**chosen, "versions": versions}
