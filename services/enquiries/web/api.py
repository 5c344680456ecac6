"""`POST /api/enquiries`: one enquiry as JSON in, its reference out.

A plain WSGI app, because this is the path that has to be quick: Flask takes a tenth of a millisecond to begin and
end a request, this a tenth of that. It holds no rule; the schema and the intake do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from services.enquiries.schemas import parse_enquiry
from services.enquiries.web.bodies import Environ, Headers, NotUnderstood, read_body
from services.enquiries.web.intake import Intake, Receipt
from services.enquiries.web.limits import Gate
from services.enquiries.web.problems import MEDIA_TYPE, body_for, body_of, incident_told, note_incident, retry_after
from shared.errors import Refused

PATH = "/api/enquiries"

StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
NEXT = "A person reads this and replies within two working days. You will have an email with your reference soon."
_ALWAYS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


class EnquiriesApi:
    """Answers the API's path and hands every other request to `pages`."""

    def __init__(self, intake: Intake, gate: Gate, pages: Wsgi) -> None:
        self._intake = intake
        self._gate = gate
        self._pages = pages

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("PATH_INFO") != PATH:
            return self._pages(environ, start_response)
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response(_STATUS_LINES[204], self._preflight(environ) + self._cors(environ))
            return []
        status, headers, body = self._answer(environ)
        headers += [("Content-Length", str(len(body))), *_ALWAYS, *self._cors(environ)]
        start_response(_STATUS_LINES[status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: Environ) -> tuple[int, Headers, bytes]:
        try:
            return 201, [("Content-Type", "application/json")], _told(self._receive(environ))
        except Refused as refused:
            return refused.status, _refusal_headers(refused), body_of(refused)
        except NotUnderstood as error:
            headers = [("Content-Type", MEDIA_TYPE), *error.headers]
            return error.status, headers, body_for(error.status, error.detail)
        except Exception as error:  # the last stop: whatever it was, its words stay inside
            incident = note_incident(error, environ["REQUEST_METHOD"], PATH)
            told = body_for(HTTPStatus.INTERNAL_SERVER_ERROR, incident_told(incident))
            return 500, [("Content-Type", MEDIA_TYPE)], told

    def _receive(self, environ: Environ) -> Receipt:
        _check_request(environ)
        self._gate.admit_enquiry(environ)
        key = _idempotency_key(environ)
        answers = parse_enquiry(_object_in(read_body(environ)), self._intake.today())
        if (mark := environ.get("HTTP_KEYTALK_CANARY")) is not None:
            return self._intake.receive_canary(mark)
        self._gate.admit_sender(answers["contact_email"])
        return self._intake.receive(answers, key, "api")

    def _cors(self, environ: Environ) -> Headers:
        origin = environ.get("HTTP_ORIGIN")
        if origin and origin in self._intake.allowed_origins:
            return [("Vary", "Origin"), ("Access-Control-Allow-Origin", origin)]
        return [("Vary", "Origin")]

    def _preflight(self, environ: Environ) -> Headers:
        headers = [("Allow", "POST, OPTIONS")]
        if environ.get("HTTP_ORIGIN") in self._intake.allowed_origins:
            headers += [
                ("Access-Control-Allow-Methods", "POST"),
                ("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key"),
                ("Access-Control-Max-Age", "600"),
            ]
        return headers


def _told(receipt: Receipt) -> bytes:
    told = {
        "reference": receipt.reference,
        "received_at": receipt.received_at.isoformat(),
        "next": NEXT,
    }
    return json.dumps(told).encode()


def _refusal_headers(refused: Refused) -> Headers:
    return [("Content-Type", MEDIA_TYPE), *retry_after(refused)]


def _check_request(environ: Environ) -> None:
    if environ["REQUEST_METHOD"] != "POST":
        raise NotUnderstood(HTTPStatus.METHOD_NOT_ALLOWED, "Send an enquiry with POST.", [("Allow", "POST, OPTIONS")])
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise NotUnderstood(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send the enquiry as JSON, with the header Content-Type: application/json.",
        )


def _idempotency_key(environ: Environ) -> str | None:
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _KEY.fullmatch(key):
        says = "Idempotency-Key must be 1 to 200 visible ASCII characters, without spaces."
        raise Refused("invalid", says, {"Idempotency-Key": [says]})
    return key


def _object_in(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotUnderstood(HTTPStatus.BAD_REQUEST, "The text must be encoded as UTF-8.") from None
    except (ValueError, RecursionError):
        raise NotUnderstood(HTTPStatus.BAD_REQUEST, "This cannot be read as JSON.") from None
    if not isinstance(data, dict):
        raise NotUnderstood(HTTPStatus.BAD_REQUEST, "Send the answers as one JSON object.")
    return data
