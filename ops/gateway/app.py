"""The gateway's WSGI app: the API of the command line, and the console."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from ops.console.mounting import mount_console, page_of
from ops.console.packing import pack_static_files
from ops.gateway.api import make_api, problem_of
from ops.gateway.gateway import Gateway

MOST_BYTES = 4 * 1024 * 1024
"""An import of every establishment in the country is well below a tenth of this."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
            "base-uri 'none'",
        )
    ),
}


def create_app(gateway: Gateway) -> Flask:
    """Make the app."""
    https = gateway.console_url.startswith("https://")
    app = Flask("ops.console", static_folder="static", static_url_path="/static")
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        SECRET_KEY=gateway.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(gateway.secret_keys[1:]),
        SESSION_COOKIE_NAME="__Host-keytalk" if https else "keytalk",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        SEND_FILE_MAX_AGE_DEFAULT=86_400,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    api = make_api(gateway)
    CSRFProtect(app).exempt(api)
    app.register_blueprint(api)
    mount_console(app, gateway)
    pack_static_files(app)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> AnyResponse:
        # Outside the pages and the operations: an address that is none.
        return problem_of(error) if request.path.startswith(("/rpc/", "/tokens")) else page_of(error)

    @app.after_request
    def dress(answer: Response) -> Response:
        answer.headers.update({name: value for name, value in _HEADERS.items() if name not in answer.headers})
        if https:
            answer.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.path.startswith("/static/"):
            answer.headers["Cache-Control"] = "public, max-age=86400"
        return answer

    return app
