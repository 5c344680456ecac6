"""The words of every message, edited with a preview on real data and a lint; and when people are reminded."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, asked_again, may_ask, page, pages
from shared.errors import Refused

_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
"""For the page of a mail alone, in a frame of its own: mail readers know no style but the one in the mail itself."""


@pages.get("/templates")
def templates() -> Response:
    """List every message that Keytalk sends."""
    return page("wording/templates.html", rows=ask("notifications", "list_templates"))


@pages.get("/templates/<template>")
def template(template: str, refused: Refused | None = None) -> Response:
    """Show a template: its words to edit, what may be written in them, and its versions."""
    version = request.args.get("version", type=int)
    shown = ask("notifications", "get_template", template=template, version=version)
    lint = None
    if may_ask("notifications", "lint_template"):
        lint = ask("notifications", "lint_template", template=template, version=shown["version"])
    given = request.form if refused else {}
    return page("wording/template.html", template=shown, lint=lint, refused=refused, given=given)


@pages.get("/templates/<template>/preview")
def preview_page(template: str) -> Response:
    """Give the page of a message as a real one would have it: shown in a frame, in which nothing runs."""
    version = request.args.get("version", type=int)
    told = ask("notifications", "preview_template", template=template, version=version)
    answer = Response(told["html"], mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _MAIL_POLICY
    return answer


@pages.get("/templates/<template>/look")
def look(template: str) -> Response:
    """Show the words of a version as a real message would have them: subject, page and text."""
    version = request.args.get("version", type=int)
    told = ask("notifications", "preview_template", template=template, version=version)
    lint = ask("notifications", "lint_template", template=template, version=told["version"])
    return page("wording/look.html", told=told, lint=lint)


@pages.post("/templates/<template>")
def draft_template(template: str) -> AnyResponse:
    """Keep the words as a new draft, and look it over."""
    form = request.form
    words = {name: form.get(name, "").replace("\r\n", "\n") for name in ("text", "html")}
    try:
        drafted = ask("notifications", "draft_template", template=template, **words)
    except Refused as refused:
        answer: AnyResponse = asked_again(_template_again, refused, template)
        return answer
    flash(f"Kept as version {drafted['version']}, a draft. Nothing else is sent until you publish it.")
    return redirect(url_for("console.look", template=template, version=drafted["version"]))


@pages.post("/templates/<template>/<any(publish,revert):what>")
def settle_template(template: str, what: str) -> AnyResponse:
    """Have a draft sent from now on, or go back to an earlier version."""
    version = request.form.get("version", type=int)
    reason = request.form.get("reason", "")
    try:
        live = ask("notifications", f"{what}_template", template=template, version=version, reason=reason)
    except Refused as refused:
        answer: AnyResponse = asked_again(_template_again, refused, template)
        return answer
    which = f"version {live['live']}" if live["live"] else "the words that come with Keytalk"
    flash(f"From now on it is sent with {which}.")
    return redirect(url_for("console.template", template=template))


def _template_again(named: str, refused: Refused | None = None) -> Response:
    return template(named, refused)


@pages.get("/reminders")
def reminders(refused: Refused | None = None, name: str | None = None, preview: Any = None) -> Response:
    """List the rules by which people are reminded."""
    rules = ask("notifications", "list_reminder_rules")
    return page(
        "wording/reminders.html", rules=rules, refused=refused, changing=name, preview=preview, given=request.form
    )


@pages.post("/reminders/<name>")
def change_reminder(name: str) -> AnyResponse:
    """Show what other times of a rule would do, and then have them."""
    form = request.form
    given: dict[str, Any] = {"offsets": form.get("offsets", "").split() or None, "at": form.get("at") or None}
    given["is_on"] = form.get("is_on") == "yes"
    try:
        if form.get("apply") != "yes":
            preview = ask("notifications", "preview_reminder_rule", name=name, **given)
            shown: AnyResponse = reminders(name=name, preview=preview)
            return shown
        basis = form.get("basis") or None
        ask("notifications", "change_reminder_rule", name=name, reason=form.get("reason", ""), basis=basis, **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(reminders, refused, name=name)
        return answer
    flash("The rule is changed, and the reminders that wait with it.")
    return redirect(url_for("console.reminders"))
