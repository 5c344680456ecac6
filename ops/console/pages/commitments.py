"""What is offered and agreed with an enquirer: proposals and agreements, on the pages of their enquiry."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, page, pages
from ops.console.forms import number
from ops.console.going_out import GoingOut, seen_first, told_by
from ops.console.pages.enquiry import change_enquiry
from shared.errors import Refused


@pages.post("/enquiries/<reference>/proposals")
def make_proposal(reference: str) -> AnyResponse:
    """Make a draft of a proposal, at the price of the programme."""
    form, done = request.form, "A draft is made. Look at it before it goes out."
    given: dict[str, Any] = {name: number(form[name]) for name in ("people", "sessions") if form.get(name)}
    given["notes"] = form.get("notes") or None
    return change_enquiry(reference, "make_proposal", done, reference=reference, **given)


@pages.get("/enquiries/<reference>/proposals/<proposal_id>")
def proposal(reference: str, proposal_id: str, refused: Refused | None = None) -> Response:
    """Show a proposal as it would go out, and what can be done with it."""
    shown = ask("enquiries", "get_proposal", proposal_id=proposal_id)
    return page(
        "enquiry/proposal.html",
        proposal=shown,
        reference=reference,
        refused=refused,
        given=request.form,
    )


@pages.get("/enquiries/<reference>/proposals/<proposal_id>/paper")
def proposal_paper(reference: str, proposal_id: str) -> Response:  # noqa: ARG001 - part of the address
    """Give the proposal as PDF."""
    paper: Mapping[str, str] = ask("enquiries", "get_proposal_pdf", proposal_id=proposal_id)
    answer = Response(base64.b64decode(paper["pdf"]), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{paper["name"]}"'
    return answer


@pages.post("/enquiries/<reference>/proposals/<proposal_id>/<any(send,accept,decline,withdraw):what>")
def settle_proposal(reference: str, proposal_id: str, what: str) -> AnyResponse:
    """Send a proposal, or note what became of it."""
    names = {"send": (), "accept": ("name", "role", "purchase_order"), "decline": ("reason",), "withdraw": ("reason",)}
    given: dict[str, Any] = {name: request.form.get(name) or None for name in names[what]}
    required = {"accept": {"name": "", "role": ""}, "send": {}}.get(what, {"reason": ""})
    given = required | {name: value for name, value in given.items() if value}
    try:
        look = partial(_settling, reference, proposal_id, what, given)
        shown = seen_first("enquiries", f"{what}_proposal", look, lambda: proposal(reference, proposal_id))
        if shown is not None:
            return shown
        ask("enquiries", f"{what}_proposal", proposal_id=proposal_id, **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(proposal, refused, reference, proposal_id)
        return answer
    flash({"send": "It goes out by mail."}.get(what, "It is noted."))
    return redirect(url_for("console.enquiry", reference=reference))


def _settling(reference: str, proposal_id: str, what: str, given: dict[str, Any]) -> GoingOut:
    """Say whom it is written to that a proposal is sent or settled."""
    found = ask("enquiries", "get_proposal", proposal_id=proposal_id)
    would = ask("enquiries", f"{what}_proposal", proposal_id=proposal_id, dry_run=True, **given)
    button, follows = {
        "send": (
            "Send it now",
            "The letter has a link by which they read, print and accept it. A reminder follows 20 days later.",
        ),
        "accept": ("Note that they accepted", "An agreement is made of it, for both sides to sign."),
        "decline": ("Note that they declined", "Your reason stays with us: it does not stand in the letter."),
        "withdraw": (
            "Take it back",
            "Its link answers no more. Your reason stays with us: it does not stand in the letter.",
        ),
    }[what]
    paper = url_for("console.proposal_paper", reference=reference, proposal_id=proposal_id)
    return GoingOut(
        f"Proposal, version {found['version']}",
        button,
        url_for("console.proposal", reference=reference, proposal_id=proposal_id),
        told_by(would),
        follows=(follows,),
        paper=paper if what == "send" else None,
        kind="grave" if what == "withdraw" else "",
    )


@pages.post("/enquiries/<reference>/agreement/<agreement_id>/<any(sign,order,end):what>")
def change_agreement(reference: str, agreement_id: str, what: str) -> AnyResponse:
    """Sign an agreement, note its purchase order, or end it."""
    form = request.form
    if what == "sign":
        given: dict[str, Any] = {"name": form.get("name", ""), "role": form.get("role") or None}
        given["on_paper"] = form.get("on_paper") == "yes"
        done = "The signature is noted."
        return change_enquiry(
            reference,
            "sign_agreement",
            done,
            look=lambda: _signing(reference, {"agreement_id": agreement_id, **given}),
            agreement_id=agreement_id,
            **given,
        )
    if what == "order":
        order = form.get("purchase_order", "")
        done = "The purchase order is noted."
        return change_enquiry(reference, "record_purchase_order", done, agreement_id=agreement_id, purchase_order=order)
    reason = form.get("reason", "")
    return change_enquiry(
        reference, "end_agreement", "The agreement has ended.", agreement_id=agreement_id, reason=reason
    )


def _signing(reference: str, given: dict[str, Any]) -> GoingOut:
    would = ask("enquiries", "sign_agreement", dry_run=True, **given)
    stands = any(each["side"] == "prison" for each in would["signatures"])
    follows = "Both sides have signed then: the agreement stands." if stands else "The other side has not signed yet."
    back = url_for("console.enquiry", reference=reference)
    return GoingOut("Signing for us", "Sign", back, told_by(would), follows=(follows,))
