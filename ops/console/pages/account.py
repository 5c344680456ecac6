"""What everybody sees of their own account: password, second factor, tokens."""

from __future__ import annotations

from flask import flash, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.accounts.operators import Operator
from ops.console.console import KEY, ask, asked_again, client, me, page, pages, the_gateway
from shared.errors import Refused


@pages.get("/account")
def account(refused: Refused | None = None, made: dict[str, str] | None = None) -> AnyResponse:
    """Show the account of who is signed in."""
    tokens = ask("ops", "list_tokens")
    return page("account/account.html", tokens=tokens, refused=refused, made=made)


@pages.post("/account/tokens")
def make_token() -> AnyResponse:
    """Make a token and show it, this once."""
    try:
        made = ask("ops", "make_token", label=request.form.get("label", ""))
    except Refused as refused:
        answer: AnyResponse = asked_again(account, refused)
        return answer
    shown: AnyResponse = account(made=made)
    return shown


@pages.post("/account/tokens/<token>/revoke")
def revoke_token(token: str) -> AnyResponse:
    """End a token."""
    ask("ops", "revoke_token", token=token)
    flash("The token holds no longer.")
    return redirect(url_for("console.account"))


@pages.post("/account/password")
def change_password() -> AnyResponse:
    """Change the password; this browser stays signed in, others do not."""
    form = request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            words = "The two new passwords are not the same."
            raise Refused("invalid", words, {"again": [words]})
        changed = the_gateway().entrance.change_password(me(), form.get("old", ""), form.get("new", ""), client())
    except Refused as refused:
        answer: AnyResponse = asked_again(account, refused)
        return answer
    _stay(changed)
    flash("Your password is changed. Wherever else you were signed in, you are signed out.")
    return redirect(url_for("console.account"))


@pages.get("/account/second-factor")
def second_factor(refused: Refused | None = None) -> AnyResponse:
    """Offer the secret for an authenticator app."""
    begun = the_gateway().entrance.offer_second_factor(me(), request.form.get("secret"))
    return page("account/second_factor.html", begun=begun, refused=refused)


@pages.post("/account/second-factor")
def keep_second_factor() -> AnyResponse:
    """Ask for codes from now on, once one has shown that the app has the secret."""
    form = request.form
    secret, code, password = (form.get(name, "") for name in ("secret", "code", "old"))
    try:
        changed = the_gateway().entrance.keep_second_factor(me(), secret, code, password, client())
    except Refused as refused:
        answer: AnyResponse = asked_again(second_factor, refused)
        return answer
    _stay(changed)
    flash(
        "From now on you are asked for a code when you sign in. Wherever else you were signed in, you are signed out."
    )
    return redirect(url_for("console.account"))


@pages.post("/account/sign-out-elsewhere")
def sign_out_elsewhere() -> AnyResponse:
    """End every other session of who is signed in."""
    the_gateway().entrance.end_other_sessions(me(), session[KEY])
    flash("Wherever else you were signed in, you are signed out. Tokens for the command line still hold.")
    return redirect(url_for("console.account"))


def _stay(changed: Operator) -> None:
    """Begin a new session for this browser, after all others ended."""
    session.clear()
    session[KEY] = the_gateway().entrance.begin_session(changed)
