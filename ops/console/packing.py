"""Sends the console's own files gzipped: htmx is 51 KB as it is, and 17 KB packed.

Pages are not packed, here or in a proxy (`deploy/Caddyfile`). They hold the token of their forms beside words that
somebody else typed, and from the length of what is packed together one can be worked out by the other (BREACH).
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from flask import Flask, Response, request

PACKED = {".css", ".js", ".svg"}


def pack_static_files(app: Flask) -> None:
    """Let the app's static files go out gzipped to whoever takes that. Each is packed once, when first asked for."""
    folder = Path(str(app.static_folder))

    @app.after_request
    def pack(answer: Response) -> Response:
        path = folder / request.path.removeprefix("/static/")
        if request.endpoint != "static" or path.suffix not in PACKED:
            return answer
        answer.vary.add("Accept-Encoding")
        tag, _weak = answer.get_etag()
        if tag is not None:
            answer.set_etag(tag, weak=True)  # the same file, whichever way it is sent
        if answer.status_code == 200 and request.accept_encodings.quality("gzip") > 0:
            answer.direct_passthrough = False
            as_it_is = answer.response
            answer.set_data(_packed(path, path.stat().st_mtime_ns))
            if hasattr(as_it_is, "close"):
                as_it_is.close()
            answer.content_encoding = "gzip"
        return answer


@cache
def _packed(path: Path, _changed: int) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)
