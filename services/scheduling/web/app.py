"""Puts the pages of scheduling together, and what every answer carries. They lie below `/calendar`."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

PATH = "/calendar"

Pages = Callable[[Flask], None]
"""Gives an app the routes of some pages."""

_WORDS = {404: "There is nothing at this address. Please open it from our email again, or ask us for a new one."}
_OTHER_WORDS = "This request could not be understood. Please open the address from our email again."
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    # The address is the key: no other site gets to see it.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def create_app(org_name: str, pages: tuple[Pages, ...]) -> Flask:
    """Make the app out of its pages."""
    app = Flask(__name__, static_folder="static", static_url_path=f"{PATH}/static")
    app.config.update(MAX_CONTENT_LENGTH=16 * 1024, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    app.context_processor(lambda: {"org_name": org_name})
    for mount in pages:
        mount(app)
    _mount_refusals(app)
    return app


def notice(title: str, words: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Give a page that says one thing."""
    return Response(render_template("notice.html", title=title, words=words), status, mimetype="text/html")


def _mount_refusals(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or 500)
        answer = notice("Sorry, that did not work", _WORDS.get(status, _OTHER_WORDS), status)
        answer.headers.extend(item for item in error.get_headers() if item[0] == "Allow")
        return answer

    @app.after_request
    def dress(answer: Any) -> Any:
        answer.headers.update({name: value for name, value in _HEADERS.items() if name not in answer.headers})
        return answer
