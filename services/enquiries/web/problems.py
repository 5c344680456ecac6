"""Refusals and accidents as `application/problem+json` (RFC 9457), and the note of an accident in the log."""

from __future__ import annotations

import json
import logging
import secrets
import traceback
from http import HTTPStatus
from typing import Any

from shared.errors import Refused, problem
from shared.web.limits import TooMany

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


def body_of(refused: Refused) -> bytes:
    """Give the body of a refusal as bytes of JSON."""
    return json.dumps(problem(refused)).encode()


def retry_after(refused: Refused) -> list[tuple[str, str]]:
    """Give the header that says when to try again, where that helps."""
    if isinstance(refused, TooMany):
        return [("Retry-After", str(refused.seconds))]
    return [("Retry-After", "5")] if refused.code == "unavailable" else []


def body_for(status: HTTPStatus, detail: str) -> bytes:
    """Give the body for a request that was not understood, before any answer in it was looked at."""
    told: dict[str, Any] = {
        "type": f"urn:keytalk:problem:{status.phrase.lower().replace(' ', '-')}",
        "title": status.phrase.capitalize(),
        "status": status.value,
        "detail": detail,
    }
    return json.dumps(told).encode()


def note_incident(error: BaseException, method: str, path: str) -> str:
    """Log an unexpected error and give the id that finds it again.

    The error's own words stay out of the log: a database driver's hold the values of the row it could not
    write, and those are somebody's name and address. Its type and the way to it are enough to look.
    """
    incident = secrets.token_hex(4)
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("incident %s: %s on %s %s\n%s", incident, type(error).__name__, method, path, frames)
    return incident


def incident_told(incident: str) -> str:
    """Say what an accident means to the person who met it."""
    return (
        "Something went wrong on our side and we could not finish this. You can send it again. "
        f"If it happens twice, please tell us this number: {incident}."
    )
