"""The people we are in touch with, and the organisations that they work for."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, page, pages, wants_csv
from ops.vocabulary import CHANNELS, CONTACT_STATES, ORGANISATION_KINDS
from shared.errors import Refused

COLOURS = {"active": "good", "left": "", "bounced": "late", "erased": ""}
SHOWN, IN_FILE = 50, 1000
CONTACT_COLUMNS = ("name", "organisation", "email", "phone", "preferred_channel", "status", "id")
ORGANISATION_COLUMNS = ("name", "kind", "nation", "email_domain", "active", "id")


def _limit() -> int:
    return IN_FILE if wants_csv() else SHOWN


@pages.get("/contacts")
def contacts() -> Response:
    """List people: all, or those whom a search finds."""
    chosen = {name: request.args.get(name) or None for name in ("search", "status", "organisation")}
    rows = ask("enquiries", "list_contacts", limit=_limit(), **chosen)
    if wants_csv():
        return csv("contacts", CONTACT_COLUMNS, ([row[name] for name in CONTACT_COLUMNS] for row in rows))
    return page("people/contacts.html", rows=rows, chosen=chosen, statuses=CONTACT_STATES, colours=COLOURS, shown=SHOWN)


@pages.get("/contacts/<contact>")
def contact(contact: str, refused: Refused | None = None) -> Response:
    """Show one person: how to reach them, their posts, their enquiries and what was changed."""
    shown = ask("enquiries", "get_contact", contact=contact)
    given = request.form if refused else shown
    return page("people/contact.html", contact=shown, colours=COLOURS, channels=CHANNELS, refused=refused, given=given)


@pages.post("/contacts/<contact>")
def change_contact(contact: str) -> AnyResponse:
    """Change how somebody is called and reached."""
    given = {name: request.form.get(name, "") for name in ("name", "email", "phone", "preferred_channel")}
    return _change(contact, "change_contact", "It is changed.", **given)


@pages.post("/contacts/<contact>/left")
def mark_contact_left(contact: str) -> AnyResponse:
    """Note that somebody has left: nobody writes to them from now on."""
    reason, done = request.form.get("reason") or None, "It is noted. A task asks who holds their posts now."
    return _change(contact, "mark_contact_left", done, reason=reason)


def _change(named: str, method: str, done: str, **arguments: Any) -> AnyResponse:
    try:
        ask("enquiries", method, contact=named, **arguments)
    except Refused as refused:
        answer: AnyResponse = asked_again(_again, refused, named)
        return answer
    flash(done)
    return redirect(url_for("console.contact", contact=named))


def _again(named: str, refused: Refused | None = None) -> Response:
    return contact(named, refused)


@pages.get("/organisations")
def organisations(refused: Refused | None = None) -> Response:
    """List organisations by name."""
    chosen = {name: request.args.get(name) or None for name in ("search", "kind")}
    rows = ask("enquiries", "list_organisations", limit=_limit(), **chosen)
    if wants_csv():
        return csv(
            "organisations", ORGANISATION_COLUMNS, ([row[name] for name in ORGANISATION_COLUMNS] for row in rows)
        )
    return page("people/organisations.html", rows=rows, chosen=chosen, kinds=ORGANISATION_KINDS, shown=SHOWN,
                refused=refused, given=request.form)  # fmt: skip


@pages.post("/organisations")
def add_organisation() -> AnyResponse:
    """Add an organisation that is no establishment."""
    form = request.form
    given = {name: form.get(name) or None for name in ("nation", "email_domain")}
    try:
        ask("enquiries", "add_organisation", kind=form.get("kind", ""), name=form.get("name", ""), **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(organisations, refused)
        return answer
    flash("It is added.")
    return redirect(url_for("console.organisations", search=form.get("name")))


@pages.get("/organisations/<organisation>")
def organisation(organisation: str) -> Response:
    """Show an organisation with its posts and people."""
    shown = ask("enquiries", "get_organisation", organisation=organisation)
    return page("people/organisation.html", organisation=shown, colours=COLOURS)
