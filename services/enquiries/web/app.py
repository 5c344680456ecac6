"""Puts the public web side together: the API in front, the pages, and what every answer carries."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from services.enquiries.schemas import PROGRAMMES
from services.enquiries.web import openapi
from services.enquiries.web.api import EnquiriesApi
from services.enquiries.web.bodies import MOST_BYTES, NotUnderstood
from services.enquiries.web.intake import Intake
from services.enquiries.web.limits import OPEN, Gate
from services.enquiries.web.pages import FORM_PATH, FormPages
from services.enquiries.web.problems import MEDIA_TYPE, body_for, incident_told, note_incident, retry_after
from services.enquiries.web.proposal_desk import Desk
from services.enquiries.web.proposal_pages import ProposalPages
from shared.web.limits import TooMany

_FOR_MACHINES = ("/api/",)

_WORDS = {
    404: "There is no page at this address. The form for enquiries is one step away.",
    405: "This address cannot be used in this way. The form for enquiries is one step away.",
}
_OTHER_WORDS = "This request could not be understood. The form for enquiries is one step away."


def create_app(intake: Intake, desk: Desk | None = None, gate: Gate = OPEN) -> Flask:
    """Make the public app over one intake: the form at `/enquire`, `POST /api/enquiries`.

    With a desk, it also has `/proposals/TOKEN`, where a proposal is read and accepted.
    """
    app = Flask(__name__, static_folder="static", static_url_path="/enquire")
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    app.context_processor(
        lambda: {"org_name": intake.org_name, "public_url": intake.public_url, "programmes": PROGRAMMES}
    )
    FormPages(intake, gate).mount(app)
    openapi.mount(app, intake.public_url, intake.today)
    if desk is not None:
        ProposalPages(desk).mount(app)
    _mount_limits(app, gate)
    _mount_refusals(app)
    _mount_headers(app, intake)
    app.wsgi_app = EnquiriesApi(intake, gate, app.wsgi_app)  # type: ignore[method-assign]
    return app


def _mount_limits(app: Flask, gate: Gate) -> None:
    """Count every post but the form's own, which counts itself so that it can keep what was filled in."""

    @app.before_request
    def admit() -> None:
        if request.method == "POST" and not request.path.startswith(FORM_PATH):
            gate.admit_page(request.environ)

    @app.errorhandler(TooMany)
    def ask_to_wait(error: TooMany) -> Response:
        answer = _say(HTTPStatus.TOO_MANY_REQUESTS, error.detail)
        answer.headers.extend(retry_after(error))
        return answer


def _mount_refusals(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or 500)
        answer = _say(status, _WORDS.get(status, _OTHER_WORDS))
        answer.headers.extend(item for item in error.get_headers() if item[0] == "Allow")
        return answer

    @app.errorhandler(NotUnderstood)
    def explain(error: NotUnderstood) -> Response:
        return _say(error.status, error.detail)

    @app.errorhandler(Exception)
    def tell_of_incident(error: Exception) -> Response:
        incident = note_incident(error, request.method, str(request.url_rule or request.path))
        return _say(HTTPStatus.INTERNAL_SERVER_ERROR, incident_told(incident))


def _say(status: HTTPStatus, words: str) -> Response:
    if request.path.startswith(_FOR_MACHINES):
        return Response(body_for(status, words), status, mimetype=MEDIA_TYPE)
    page = render_template("notice.html", title=_titled(status), words=words)
    return Response(page, status, mimetype="text/html")


def _titled(status: HTTPStatus) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return "Page not found"
    return "Sorry, that did not work"


def _mount_headers(app: Flask, intake: Intake) -> None:
    # A form that is sent may end with a way back to the website it came from.
    may_send = " ".join(("'self'", *intake.allowed_origins))
    may_frame = " ".join(intake.allowed_origins) or "'none'"
    always = {
        "Content-Security-Policy": (
            "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; "
            f"form-action {may_send}; frame-ancestors {may_frame}"
        ),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }

    @app.after_request
    def dress(answer: Any) -> Any:
        answer.headers.update({name: value for name, value in always.items() if name not in answer.headers})
        if "Cache-Control" not in answer.headers:
            answer.headers["Cache-Control"] = "no-store"
        return answer
