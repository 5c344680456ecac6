"""Sends a request to the app whose path it lies below; health is answered here, for every port alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.web.server import Wsgi

Readiness = Callable[[], dict[str, Any]]


def router(apps: Mapping[str, Wsgi], readiness: Readiness, *, metrics: bool = False) -> Wsgi:
    """Give one app out of several, by the longest path that fits; `/metrics` only where asked for."""
    own: dict[str, Wsgi] = {
        "/health/live": lambda _environ, start: _answer(start, "200 OK", {"status": "live"}),
        "/health/ready": lambda _environ, start: _ready(start, readiness()),
    }
    if metrics:
        own["/metrics"] = _metrics
    paths = sorted(apps, key=len, reverse=True)

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path in own:
            return own[path](environ, start_response)
        for prefix in paths:
            if prefix in ("/", path) or path.startswith(prefix + "/"):
                return apps[prefix](environ, start_response)
        return _answer(start_response, "404 Not Found", {"title": "Not found", "status": 404})

    return serve


def _ready(start_response: Callable[..., Any], state: dict[str, Any]) -> Iterable[bytes]:
    status = "503 Service Unavailable" if state["status"] == "unavailable" else "200 OK"
    return _answer(start_response, status, state)


def _answer(start_response: Callable[..., Any], status: str, body: dict[str, Any]) -> Iterable[bytes]:
    payload = json.dumps(body).encode()
    headers = [
        ("Content-Type", "application/json" if status.startswith("200") else "application/problem+json"),
        ("Content-Length", str(len(payload))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response(status, headers)
    return [payload]


def _metrics(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    payload = generate_latest()
    start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(payload)))])
    return [payload]
