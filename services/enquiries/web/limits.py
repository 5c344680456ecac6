"""How many enquiries one address may post. `KEYTALK_INTAKE_LIMITS=off` leaves this out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.enquiries.web.problems import MEDIA_TYPE, body_for
from shared.web.addresses import client_address

POSTS_A_MINUTE = 60
"""A whole prison may share one address; no one fills in a form every second."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def limited(app: Wsgi, trusted_proxies: tuple[str, ...], posts_a_minute: int = POSTS_A_MINUTE) -> Wsgi:
    """Answer 429 to an address that posts more than so many times a minute; everything else passes."""
    limiter = MovingWindowRateLimiter(MemoryStorage())
    rate = RateLimitItemPerMinute(posts_a_minute)

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or limiter.hit(rate, client_address(environ, trusted_proxies)):
            return app(environ, start_response)
        body = body_for(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Many enquiries have come from your network in the last minute. Nothing is lost on your side: please "
            "wait a minute and send it again.",
        )
        headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Retry-After", "60")]
        start_response("429 Too Many Requests", headers)
        return [body]

    return serve
