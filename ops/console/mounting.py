"""Puts the console together: its pages, who may open them, and what happens when something goes wrong."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, flash, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import (
    KEY,
    belong_to,
    comes_by_itself,
    contact_called,
    facilitator_called,
    may_ask,
    may_work_in,
    new_form_key,
    page,
    pages,
    the_gateway,
    to_sign_in,
)
from ops.console.navigation import navigation
from ops.console.pages import (
    account,
    calendar,
    clearances,
    commitments,
    enquiry,
    entering,
    facilitators,
    health,
    live,
    messages,
    offers,
    operators,
    papers,
    people,
    pipeline,
    places,
    privacy,
    reports,
    runs,
    theirs,
    today,
    wording,
)
from ops.console.words import mount_filters
from ops.gateway.api import note_fault
from ops.gateway.gateway import Gateway
from shared.errors import TITLES, Refused

PAGES = (
    *(entering, account, operators, live),
    *(today, pipeline, enquiry, commitments, people, facilitators, privacy),
    *(calendar, runs, places, offers, clearances, papers),
    *(messages, wording),
    theirs,
    *(reports, health),
)
"""Every module of pages: to import it is to give the blueprint its routes."""


def mount_console(app: Flask, gateway: Gateway) -> None:
    """Give the app the console's pages."""
    belong_to(app, gateway)
    mount_filters(app, gateway.clock)
    app.add_template_global(new_form_key)
    app.add_template_global(facilitator_called)
    app.add_template_global(contact_called)
    app.add_template_global(may_ask, "may")
    app.add_template_global(may_work_in, "may_in")
    app.register_blueprint(pages)
    app.context_processor(_known_to_templates)


def _known_to_templates() -> dict[str, Any]:
    known: dict[str, Any] = {"org_name": the_gateway().org_name, "operator": None}
    operator = getattr(g, "operator", None)
    if operator is not None:
        known |= {"operator": operator, "navigation": navigation()}
    return known


@pages.before_request
def let_in() -> AnyResponse | None:
    """Let in who has a session; everybody else has to sign in first, but for the pages that are open to all."""
    view = current_app.view_functions.get(request.endpoint or "")
    key = session.get(KEY)
    by_itself = comes_by_itself() or request.endpoint == "console.live"
    g.operator = the_gateway().entrance.by_session(key, note=not by_itself) if key else None
    if g.operator is None and not getattr(view, "open_to_all", False):
        return to_sign_in()
    return None


@pages.errorhandler(Refused)
def _refused(error: Refused) -> AnyResponse:
    return page("refused.html", error.status, title=TITLES[error.code][1], words=error.detail, fields=error.fields)


@pages.app_errorhandler(CSRFError)
def _form_too_old(_error: CSRFError) -> AnyResponse:
    flash("That form was open for too long, so nothing was changed. Please send it again.")
    return redirect(url_for("console.home"))


@pages.errorhandler(HTTPException)
def page_of(error: HTTPException) -> AnyResponse:
    """Give an HTTP error, such as an address that is none, as a page."""
    return page("refused.html", error.code or 500, title=error.name, words=error.description, fields={})


@pages.errorhandler(Exception)
def _fault(_error: Exception) -> AnyResponse:
    return page("refused.html", 500, title="A fault of ours", words=note_fault(), fields={})
