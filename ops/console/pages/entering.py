"""Signing in and out, and choosing a password by a link."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.accounts.entrance import NotLetIn
from ops.accounts.operators import Operator
from ops.accounts.organisation import BACK, Organisation
from ops.console.console import KEY, asked_again, client, open_to_all, page, pages, the_gateway, within
from ops.console.navigation import navigation
from shared.errors import Refused
from shared.web.limits import TooMany

_AWAY = "away"
"""Where a browser's cookie keeps what is needed when somebody is back from their organisation."""


@pages.get("/sign-in")
@open_to_all
def sign_in(refused: Refused | None = None) -> AnyResponse:
    """Ask for name, password and code."""
    onward = within(request.values.get("next"))
    organisation = the_gateway().organisation is not None
    return page("entering/sign_in.html", refused=refused, next=onward, organisation=organisation)


@pages.post("/sign-in")
@open_to_all
def come_in() -> AnyResponse:
    """Let somebody in, and on to the page that they wanted."""
    given = {name: request.form.get(name, "") for name in ("name", "password", "code")}
    try:
        operator = the_gateway().entrance.sign_in(given["name"], given["password"], given["code"], client())
    except (NotLetIn, TooMany) as refused:
        answer: AnyResponse = asked_again(sign_in, refused)
        return answer
    return _welcome(operator, within(request.form.get("next")))


@pages.get("/sign-in/organisation")
@open_to_all
def go_to_organisation() -> AnyResponse:
    """Send somebody to their organisation's own sign-in."""
    address, kept = _organisation().begin()
    session[_AWAY] = kept | {"next": within(request.args.get("next"))}
    return redirect(address)


@pages.get(BACK)
@open_to_all
def come_back() -> AnyResponse:
    """Let somebody in whom their organisation vouches for, and who has an account here."""
    kept = session.pop(_AWAY, {})
    try:
        email = _organisation().email_of(request.args, kept)
        operator = the_gateway().entrance.by_organisation(email)
    except Refused as refused:
        answer: AnyResponse = asked_again(sign_in, refused)
        return answer
    return _welcome(operator, kept["next"], "ops.sign_in_by_organisation")


@pages.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session."""
    the_gateway().entrance.end_session(session.get(KEY, ""))
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("console.sign_in"))


@pages.get("/invitation/<key>")
@open_to_all
def invitation(key: str, refused: Refused | None = None) -> AnyResponse:
    """Ask who comes by a link to choose a password."""
    invited = the_gateway().entrance.invited(key)
    if invited is None:
        words = "This link holds no longer. Whoever looks after accounts can send you a new one."
        return page("refused.html", 404, title="This link has run out", words=words, fields={})
    return _unlisted(page("entering/choose_password.html", invited=invited, refused=refused))


@pages.post("/invitation/<key>")
@open_to_all
def accept_invitation(key: str) -> AnyResponse:
    """Keep the password that was chosen, and let them in."""
    try:
        operator = the_gateway().entrance.choose_password(key, _twice(request.form))
    except Refused as refused:
        answer: AnyResponse = asked_again(invitation, refused, key)
        return answer
    if operator.totp_secret is not None:  # the link is not enough where a code is asked for
        flash("Your new password is kept. Please sign in with it, and with a code.")
        return redirect(url_for("console.sign_in"))
    return _welcome(operator, url_for("console.home"))


@pages.get("/first/<key>")
@open_to_all
def first(key: str, refused: Refused | None = None) -> AnyResponse:
    """Ask for what the first account needs."""
    if not the_gateway().entrance.is_first_link(key):
        words = (
            "It makes the first account only, and holds for an hour. If there is an account already, please sign in; "
            "otherwise start Keytalk again for a new link."
        )
        return page("refused.html", 404, title="This link has run out", words=words, fields={})
    return _unlisted(page("entering/first.html", refused=refused, given=request.form))


@pages.post("/first/<key>")
@open_to_all
def make_first(key: str) -> AnyResponse:
    """Make the first account, and let its owner in."""
    given = {name: request.form.get(name, "") for name in ("name", "full_name", "email")}
    try:
        operator = the_gateway().entrance.make_first(key, given, _twice(request.form))
    except Refused as refused:
        answer: AnyResponse = asked_again(first, refused, key)
        return answer
    return _welcome(operator, url_for("console.home"))


@pages.get("/")
def home() -> AnyResponse:
    """Go to the first page that who is signed in may open."""
    places = navigation()
    return redirect(str(places[0]["address"]) if places else url_for("console.account"))


def _welcome(operator: Operator, address: str, way: str = "ops.sign_in") -> AnyResponse:
    # A new cookie for a new session: one that somebody planted before opens nothing.
    session.clear()
    session[KEY] = the_gateway().entrance.begin_session(operator, way)
    return redirect(address)


def _organisation() -> Organisation:
    organisation = the_gateway().organisation
    if organisation is None:
        raise Refused("not_found", "This Keytalk is not connected to an organisation's sign-in.")
    return organisation


def _twice(form: Any) -> str:
    password = str(form.get("password", ""))
    if password != form.get("again", ""):
        words = "The two passwords are not the same."
        raise Refused("invalid", words, {"again": [words]})
    return password


def _unlisted(answer: Any) -> AnyResponse:
    """Keep the address, which is a key, from every other site and from search engines."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    kept: AnyResponse = answer
    return kept
