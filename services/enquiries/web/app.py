"""Puts the public web side together: the API in front, the pages, and what every answer carries."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from services.enquiries.schemas import PROGRAMMES
from services.enquiries.web.api import EnquiriesApi
from services.enquiries.web.bodies import MOST_BYTES, NotUnderstood
from services.enquiries.web.intake import Intake
from services.enquiries.web.pages import FormPages
from services.enquiries.web.problems import MEDIA_TYPE, body_for, incident_told, note_incident

_FOR_MACHINES = ("/api/",)

_WORDS = {
    404: "There is no page at this address. The form for enquiries is one step away.",
    405: "This address cannot be used in this way. The form for enquiries is one step away.",
}
_OTHER_WORDS = "This request could not be understood. The form for enquiries is one step away."


def create_app(intake: Intake) -> Flask:
    """Make the public app over one intake: `/enquire`, `POST /api/enquiries`."""
    app = Flask(__name__, static_folder="static", static_url_path="/enquire")
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    app.context_processor(
        lambda: {"org_name": intake.org_name, "public_url": intake.public_url, "programmes": PROGRAMMES}
    )
    FormPages(intake).mount(app)
    _mount_refusals(app)
    _mount_headers(app, intake)
    app.wsgi_app = EnquiriesApi(intake, app.wsgi_app)  # type: ignore[method-assign]
    return app


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
        incident = note_incident(error, request.method, request.path)
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
    ancestors = " ".join(intake.allowed_origins) or "'none'"
    always = {
        "Content-Security-Policy": (
            "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            f"frame-ancestors {ancestors}"
        ),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }

    @app.after_request
    def dress(answer: Any) -> Any:
        answer.headers.update(always)
        if "Cache-Control" not in answer.headers:
            answer.headers["Cache-Control"] = "no-store"
        return answer
