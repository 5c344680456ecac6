"""The gateway's WSGI app: `POST /rpc/SERVICE/METHOD` with a JSON object of arguments and a bearer token.

A change is made once for each `Idempotency-Key` (a header, 1 to 200 visible ASCII characters), however often it is
asked for; without one, each request is a change of its own.
"""

from __future__ import annotations

import hmac
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from ops.gateway.permissions import CHANGE, OPERATIONS, READ_BY_NAME
from shared.errors import Refused, problem
from shared.observability.context import about

_log = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024 * 1024
"""An import of every establishment in the country is well below a tenth of this."""

OPERATOR = "operator"
"""The name that the first token acts under."""

NOT_THE_BODYS = ("actor", "deadline", "idempotency_key")
"""Arguments that are settled here, whatever the body says."""

Call = Callable[..., Any]


def create_app(call: Call, token: str) -> Flask:
    """Make the app. `call(service, method, **arguments)` reaches the services; `token` opens the door."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES

    @app.post("/rpc/<service>/<method>")
    def rpc(service: str, method: str) -> Response:
        _check_token(request.headers.get("Authorization", ""), token)
        kind = OPERATIONS.get((service, method))
        if kind is None:
            raise Refused("not_found", f"There is no operation {service}.{method}.")
        arguments = _arguments()
        with about(service="ops", correlation_id=str(uuid.uuid4())):
            if kind == CHANGE or (service, method) in READ_BY_NAME:
                arguments["actor"] = OPERATOR
            if kind == CHANGE:
                arguments["idempotency_key"] = request.headers.get("Idempotency-Key") or str(uuid.uuid4())
                _log.info("change asked for", extra={"operation": f"{service}.{method}", "actor": OPERATOR})
            return jsonify({"result": call(service, method, **arguments)})

    @app.get("/")
    def welcome() -> Response:
        words = "This is Keytalk's ops gateway. Work with it by the command line: keytalk --help\n"
        return Response(words, mimetype="text/plain")

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _problem(problem(error))

    @app.errorhandler(Unauthorised)
    def unauthorised(_error: Unauthorised) -> Response:
        answer = _problem({"title": "Not signed in", "status": 401, "detail": "Send the operator token."})
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return _problem({"title": error.name, "status": error.code or 500, "detail": error.description})

    @app.errorhandler(Exception)
    def fault(_error: Exception) -> Response:
        incident = uuid.uuid4().hex[:12]
        _log.exception("fault", extra={"incident": incident})
        detail = f"Something went wrong on our side. The log has more under incident {incident}."
        return _problem({"title": "A fault of ours", "status": 500, "detail": detail})

    return app


class Unauthorised(Exception):
    """The request carries no token, or not the right one."""


def _check_token(header: str, token: str) -> None:
    scheme, _space, given = header.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise Unauthorised


def _arguments() -> dict[str, Any]:
    """Read the JSON object of arguments; who acts, how often and for how long is never theirs to say."""
    try:
        arguments = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise Refused("invalid", "The body must be a JSON object.") from None
    if not isinstance(arguments, dict):
        raise Refused("invalid", "The body must be a JSON object.")
    return {name: value for name, value in arguments.items() if name not in NOT_THE_BODYS}


def _problem(body: dict[str, Any]) -> Response:
    answer = jsonify({"type": "about:blank", **body})
    answer.status_code = body["status"]
    answer.mimetype = "application/problem+json"
    return answer
