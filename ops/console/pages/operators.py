"""Operators and the audit, for admins."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, csv, page, pages, wants_csv
from ops.gateway.roles import Role
from shared.errors import Refused

AUDIT_COLUMNS = ("at", "actor", "operation", "subject", "reason", "changes", "correlation_id")
AUDIT_PAGE, AUDIT_FILE = 50, 1000
"""Rows shown at once, and rows in a file."""


@pages.get("/operators")
def list_operators(refused: Refused | None = None, invited: dict[str, str] | None = None) -> AnyResponse:
    """List who works with Keytalk."""
    known = ask("ops", "list_operators")
    return page(
        "operators/list.html", known=known, roles=list(Role), refused=refused, invited=invited, given=request.form
    )


@pages.post("/operators")
def add_operator() -> AnyResponse:
    """Add somebody, and show the link by which they choose a password."""
    form = request.form
    given = {name: form.get(name) or None for name in ("name", "email", "full_name", "stands_for")}
    try:
        invited = ask("ops", "add_operator", **{"name": "", "email": ""} | given, roles=form.getlist("roles"))
    except Refused as refused:
        answer: AnyResponse = asked_again(list_operators, refused)
        return answer
    shown: AnyResponse = list_operators(invited=invited)
    return shown


@pages.post("/operators/<name>/invite")
def invite_operator(name: str) -> AnyResponse:
    """Make a new link to choose a password."""
    shown: AnyResponse = list_operators(invited=ask("ops", "invite_operator", operator=name))
    return shown


@pages.post("/operators/<name>/<any(disable,enable):what>")
def switch_operator(name: str, what: str) -> AnyResponse:
    """Let somebody in no more, or again."""
    reason = {"reason": request.form.get("reason", "")} if what == "disable" else {}
    try:
        ask("ops", f"{what}_operator", operator=name, **reason)
    except Refused as refused:
        answer: AnyResponse = asked_again(list_operators, refused)
        return answer
    flash(f"{name} is {what}d.")
    return redirect(url_for("console.list_operators"))


@pages.post("/operators/<name>/roles")
def change_operator(name: str) -> AnyResponse:
    """Change what somebody may do."""
    form = request.form
    try:
        ask(
            "ops",
            "change_operator",
            operator=name,
            roles=form.getlist("roles"),
            stands_for=form.get("stands_for", ""),
            reason=form.get("reason") or None,
        )
    except Refused as refused:
        answer: AnyResponse = asked_again(list_operators, refused)
        return answer
    flash(f"What {name} may do is changed, from their next page on.")
    return redirect(url_for("console.list_operators"))


@pages.post("/operators/<name>/remove-second-factor")
def remove_second_factor(name: str) -> AnyResponse:
    """Ask somebody for no code any more, such as after they lost their phone."""
    try:
        ask("ops", "remove_second_factor", operator=name, reason=request.form.get("reason", ""))
    except Refused as refused:
        answer: AnyResponse = asked_again(list_operators, refused)
        return answer
    flash(f"{name} signs in without a code now, and is signed out everywhere.")
    return redirect(url_for("console.list_operators"))


@pages.get("/audit")
def audit() -> AnyResponse:
    """List what was asked for, the newest first, or give it as a file."""
    chosen = {name: request.args.get(name) or None for name in ("actor", "subject", "before")}
    limit = AUDIT_FILE if wants_csv() else AUDIT_PAGE
    rows = ask("ops", "list_audit", limit=limit, **chosen)
    if wants_csv():
        return csv("audit", AUDIT_COLUMNS, ([row[name] for name in AUDIT_COLUMNS] for row in rows))
    return page("operators/audit.html", rows=rows, chosen=chosen, more=len(rows) == limit)
