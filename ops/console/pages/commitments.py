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
from ops.console.going_out import GoingOut, Letter, contact_of, seen_first
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
    try:
        look = partial(_settling, reference, proposal_id, what)
        shown = seen_first("enquiries", f"{what}_proposal", look, lambda: proposal(reference, proposal_id))
        if shown is not None:
            return shown
        ask(
            "enquiries", f"{what}_proposal", proposal_id=proposal_id, **required | {k: v for k, v in given.items() if v}
        )
    except Refused as refused:
        answer: AnyResponse = asked_again(proposal, refused, reference, proposal_id)
        return answer
    flash({"send": "It goes out by mail."}.get(what, "It is noted."))
    return redirect(url_for("console.enquiry", reference=reference))


def _settling(reference: str, proposal_id: str, what: str) -> GoingOut:
    """Say whom it is written to that a proposal is sent or settled."""
    found = ask("enquiries", "get_proposal", proposal_id=proposal_id)
    title = f"Proposal, version {found['version']}"
    back = url_for("console.proposal", reference=reference, proposal_id=proposal_id)
    team = Letter("Our team", "proposal_settled_ops")
    if what == "send":
        paper = url_for("console.proposal_paper", reference=reference, proposal_id=proposal_id)
        letters: tuple[Letter, ...] = (Letter(contact_of(reference), "proposal_sent"),)
        follows = ("The letter has a link by which they read, print and accept it. A reminder follows 20 days later.",)
        return GoingOut(title, "Send it now", back, letters, follows, paper=paper)
    button, template = {
        "accept": ("Note that they accepted", "proposal_accepted"),
        "decline": ("Note that they declined", "proposal_declined"),
        "withdraw": ("Take it back", "proposal_withdrawn"),
    }[what]
    heard = what != "withdraw" or found["state"] != "draft"
    letters = (Letter(contact_of(reference), template), team) if heard else (team,)
    follows = {
        "accept": ("An agreement is made of it, for both sides to sign.",),
        "decline": ("Your reason stays with us: it does not stand in the letter.",),
        "withdraw": ("Its link answers no more. Your reason stays with us: it does not stand in the letter.",),
    }[what]
    return GoingOut(title, button, back, letters, follows, kind="grave" if what == "withdraw" else "")


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
            look=lambda: _signing(reference, agreement_id),
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


def _signing(reference: str, agreement_id: str) -> GoingOut:
    agreement = ask("enquiries", "get_agreement", agreement_id=agreement_id)
    stands = any(each["side"] == "prison" for each in agreement["signatures"])
    told = (Letter(contact_of(reference), "agreement_signed"), Letter("Our team", "agreement_signed_ops"))
    back = url_for("console.enquiry", reference=reference)
    if not stands:
        return GoingOut("Signing for us", "Sign", back, follows=("The other side has not signed yet.",))
    return GoingOut("Signing for us", "Sign", back, told, ("Both sides have signed then: the agreement stands.",))
