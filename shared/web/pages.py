"""Pages for people without a login, each behind an address that is its key: how they look, and what they all carry.

They set no cookie and need no script. `templates/` and `static/` beside this module are shared by the services that
have such pages; a service's own templates lie in its `web/templates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from shared.errors import Refused
from shared.web.limits import TooMany

Pages = Callable[[Flask], None]
"""Gives an app the routes of some pages."""

_FOLDER = Path(__file__).parent
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


def create_app(name: str, path: str, org_name: str, pages: Iterable[Pages]) -> Flask:
    """Make the app of a service's pages: `name` is the module beside its templates, `path` what they all lie below."""
    app = Flask(name, static_folder=_FOLDER / "static", static_url_path=f"{path}/static")
    app.config.update(MAX_CONTENT_LENGTH=16 * 1024, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    own = FileSystemLoader(Path(app.root_path) / "templates")
    app.jinja_loader = ChoiceLoader([own, FileSystemLoader(_FOLDER / "templates")])
    app.context_processor(lambda: {"org_name": org_name})
    for mount in pages:
        mount(app)
    _mount_refusals(app)
    return app


def notice(title: str, words: str, status: int = HTTPStatus.OK) -> Response:
    """Give a page that says one thing."""
    return Response(render_template("notice.html", title=title, words=words), status, mimetype="text/html")


def private(answer: Response) -> Response:
    """Keep a page with a form out of search engines, and its address from other websites."""
    # With "same-origin" a browser says where a post comes from; other sites still learn nothing of the address.
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def from_our_page(link: str) -> bool:
    """Say whether a post comes from our own page, whose whole address is `link`; a browser that does not say is fine.

    The link itself is the secret. This keeps a page of somebody who holds it from answering in another's browser.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc in (request.host, urlsplit(link).netloc)


def _mount_refusals(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or 500)
        answer = notice("Sorry, that did not work", _WORDS.get(status, _OTHER_WORDS), status)
        answer.headers.extend(item for item in error.get_headers() if item[0] == "Allow")
        return answer

    @app.errorhandler(Refused)
    def explain(refused: Refused) -> Response:
        answer = notice("Sorry, that did not work", refused.detail, refused.status)
        if refused.code == "unavailable":
            answer.headers["Retry-After"] = "5"
        if isinstance(refused, TooMany):
            answer.headers["Retry-After"] = str(refused.seconds)
        return answer

    @app.after_request
    def dress(answer: Any) -> Any:
        answer.headers.update({name: value for name, value in _HEADERS.items() if name not in answer.headers})
        return answer
