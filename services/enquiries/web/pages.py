"""The form as pages: shown, sent, shown again with its mends, and the thanks. No script, no cookie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from services.enquiries.schemas import QUESTIONS, parse_form
from services.enquiries.web.bodies import read_form
from services.enquiries.web.intake import Intake
from services.enquiries.web.problems import note_incident
from services.enquiries.web.tokens import Tokens
from shared.errors import Refused


class FormPages:
    """The public pages of one intake."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._tokens = Tokens(intake.secret_keys)

    def mount(self, app: Flask) -> None:
        """Give `app` the routes of the pages."""
        app.add_url_rule("/", "home", lambda: redirect(url_for("form"), 302))
        app.add_url_rule("/enquire", "form", self.show, methods=["GET"])
        app.add_url_rule("/enquire", "take", self.take, methods=["POST"])
        app.add_url_rule("/enquire/thank-you", "thanks", self.thank, methods=["GET"])

    def show(self) -> Response:
        """Show the empty form."""
        page = self._page({}, {}, [])
        # Shared caches keep no token; the way back still finds the answers.
        page.headers["Cache-Control"] = "private, no-cache"
        return page

    def take(self) -> Response:
        """Take a form: thank for it, or show it again with the answers kept and each mend named."""
        sent = read_form(request.environ)
        try:
            answers = parse_form(sent)
            key = self._tokens.form_key(sent.get("form_token", ""), answers)
            receipt = self._intake.receive(answers, key, "form")
        except Refused as refused:
            return self._again(sent, refused)
        return redirect(url_for("thanks", r=self._tokens.sign_reference(receipt.reference)), 303)

    def thank(self) -> Response:
        """Show the reference and what happens next."""
        reference = self._tokens.signed_reference(request.args.get("r", ""))
        if reference is None:
            abort(404)
        return Response(render_template("thank-you.html", reference=reference), mimetype="text/html")

    def _again(self, sent: Mapping[str, str], refused: Refused) -> Response:
        mends = {name: " ".join(says) for name, says in refused.fields.items()}
        page = self._page(sent, mends, _listed(mends) or [("", refused.detail)])
        page.status_code = refused.status
        if refused.code == "unavailable":
            page.headers["Retry-After"] = "5"
        return page

    def _page(self, sent: Mapping[str, str], mends: Mapping[str, str], problems: Sequence[tuple[str, str]]) -> Response:
        token = sent.get("form_token", "")
        text = render_template(
            "form.html",
            answers=sent,
            mends=mends,
            problems=problems,
            token=token if self._tokens.is_form(token) else self._tokens.new_form(),
            establishments=self._establishments(),
        )
        return Response(text, mimetype="text/html")

    def _establishments(self) -> Sequence[tuple[str, str]]:
        try:
            return self._intake.establishments()
        except Exception as error:  # the list is a help; without it people type the name
            note_incident(error, request.method, request.path)
            return []


def _listed(mends: Mapping[str, str]) -> list[tuple[str, str]]:
    """List the mends in the order of the page, as (question to link to or nothing, sentence)."""
    asked = [(name, mends[name]) for name in QUESTIONS if name in mends]
    return asked + [("", says) for name, says in mends.items() if name not in QUESTIONS]
