"""Reads what was sent: whole, up to 64 KiB, and as UTF-8; the API and the form share it."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

MOST_BYTES = 64 * 1024
TOO_LARGE = "An enquiry can be up to 64 KiB. Please shorten the message."
_MOST_BOXES = 100

Environ = dict[str, Any]
Headers = list[tuple[str, str]]


class NotUnderstood(Exception):
    """The request is no enquiry that can be read; `status` and the one sentence say why."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Headers | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or []


def read_body(environ: Environ) -> bytes:
    """Read the whole body; raise `NotUnderstood` (413) before or while it grows past `MOST_BYTES`."""
    stated = environ.get("CONTENT_LENGTH") or "0"
    if not stated.isdecimal():
        raise NotUnderstood(HTTPStatus.BAD_REQUEST, "The header Content-Length must be a number.")
    length = int(stated[:12])  # no more digits are needed to see that it is too much
    # Only a server that ends the stream itself may be read past the stated length; others would wait for ever.
    wanted = MOST_BYTES + 1 if environ.get("wsgi.input_terminated") else length
    raw = _read(environ["wsgi.input"], wanted) if length <= MOST_BYTES else b""
    if max(length, len(raw)) > MOST_BYTES:
        raise NotUnderstood(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
    return raw


def _read(stream: Any, most: int) -> bytes:
    parts: list[bytes] = []
    try:
        while most > 0 and (part := stream.read(most)):
            parts.append(part)
            most -= len(part)
    except (OSError, ValueError):  # the client left, or its chunks are no chunks
        raise NotUnderstood(HTTPStatus.BAD_REQUEST, "The request ended early. Please send it again.") from None
    return b"".join(parts)


def read_form(environ: Environ) -> dict[str, str]:
    """Read a form post, each box by its name; bytes that are no UTF-8 become U+FFFD, which no answer may hold.

    Werkzeug's own reader would cut a chunked body at the limit without a word, and would leave a byte that is
    no UTF-8 in its percent form, as if somebody had typed it.
    """
    raw = read_body(environ)
    if environ.get("CONTENT_TYPE", "").startswith("multipart/"):
        whole = environ | {"wsgi.input": io.BytesIO(raw), "CONTENT_LENGTH": str(len(raw))}
        return Request(whole).form.to_dict()
    try:
        text = raw.decode("utf-8", errors="replace")
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_BOXES))
    except ValueError:
        raise NotUnderstood(HTTPStatus.BAD_REQUEST, "This form has more boxes than ours.") from None
