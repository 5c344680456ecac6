"""The gateway's HTTP API: `POST /rpc/SERVICE/METHOD` with a JSON object of arguments and a bearer token.

A change is made once for each `Idempotency-Key` (a header, 1 to 200 visible ASCII characters), however often it is
asked for; without one, each request is a change of its own. `POST /tokens` gives a personal token for a name, a
password and, where there is one, a code. Errors are `application/problem+json` (RFC 9457).
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from ops.accounts.entrance import NotLetIn
from ops.accounts.operators import Operator
from ops.gateway.gateway import Gateway
from shared.errors import Refused, problem
from shared.web.addresses import client_address
from shared.web.limits import TooMany

_log = logging.getLogger(__name__)


class Unauthorised(Exception):
    """The request carries no token, or one that holds for nobody."""


def make_api(gateway: Gateway) -> Blueprint:
    """Give the routes of the API."""
    api = Blueprint("api", __name__)

    @api.post("/rpc/<service>/<method>")
    def rpc(service: str, method: str) -> Response:
        operator = _by_token(gateway)
        arguments = _arguments()
        if service == "ops":
            return jsonify({"result": gateway.office.ask(operator, method, arguments)})
        key = request.headers.get("Idempotency-Key")
        return jsonify({"result": gateway.desk.ask(operator, service, method, arguments, key=key)})

    @api.post("/tokens")
    def sign_in() -> Response:
        given = {name: value for name, value in _arguments().items() if isinstance(value, str)}
        address = client_address(request.environ, gateway.trusted_proxies)
        name, password = given.get("name", ""), given.get("password", "")
        operator = gateway.entrance.sign_in(name, password, given.get("code", ""), address)
        label = given.get("label") or "command line"
        return jsonify({"result": gateway.office.ask(operator, "make_token", {"label": label})})

    @api.errorhandler(Unauthorised)
    def unauthorised(_error: Unauthorised) -> Response:
        words = "Send a token that holds. `keytalk sign-in` gets you one."
        answer = _problem({"title": "Not signed in", "status": 401, "detail": words})
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @api.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        answer = _problem(problem(error) | _why_unavailable(error))
        if isinstance(error, TooMany):
            answer.headers["Retry-After"] = str(error.seconds)
        return answer

    @api.errorhandler(NotLetIn)
    def not_let_in(error: NotLetIn) -> Response:
        return _problem({"title": "Not signed in", "status": error.status, "detail": error.detail})

    @api.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return problem_of(error)

    @api.errorhandler(Exception)
    def fault(_error: Exception) -> Response:
        return _problem({"title": "A fault of ours", "status": 500, "detail": note_fault()})

    return api


def problem_of(error: HTTPException) -> Response:
    """Give an HTTP error as problem+json."""
    return _problem({"title": error.name, "status": error.code or 500, "detail": error.description})


def note_fault() -> str:
    """Write the fault in hand into the log, and give words for whoever met it."""
    incident = uuid.uuid4().hex[:12]
    _log.exception("fault", extra={"incident": incident})
    return f"Something went wrong on our side. The log has more under incident {incident}."


def _why_unavailable(error: Refused) -> dict[str, Any]:
    """Tell apart for a caller what `unavailable` means: too late, not running, no broker, or a fault of the service."""
    if error.kind is None:
        return {}
    return {"type": f"urn:keytalk:problem:{error.kind}", "status": 504 if error.kind == "service-timeout" else 503}


def _by_token(gateway: Gateway) -> Operator:
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    operator = gateway.entrance.by_token(given.strip()) if scheme.lower() == "bearer" else None
    if operator is None:
        raise Unauthorised
    return operator


def _arguments() -> dict[str, Any]:
    """Read the JSON object of arguments."""
    try:
        arguments = json.loads(request.get_data() or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("invalid", "The body must be a JSON object.") from None
    if not isinstance(arguments, dict):
        raise Refused("invalid", "The body must be a JSON object.")
    return arguments


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _problem(body: dict[str, Any]) -> Response:
    answer = jsonify({"type": "about:blank", **body})
    answer.status_code = body["status"]
    answer.mimetype = "application/problem+json"
    return answer
