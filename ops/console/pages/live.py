"""What is new, as it happens: a stream that pages listen to (server-sent events), so that nobody has to load them anew.

The stream names no more than which service has news, of which type, and about what; a page then asks for itself again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

from flask import Response, request, session

from ops.console.console import KEY, me, pages, the_gateway
from ops.gateway.roles import OWN
from shared.messaging.broadcast import Listener, News, NoRoom

STILL_HERE = 10.0
"""Seconds between signs of life: shorter than any proxy or server waits in silence."""
GATHER = 0.5
"""Seconds in which news are gathered and told as one."""


@pages.get("/live")
def live() -> Response:
    """Give the stream; 503 where as many look on as may, and the page does without."""
    if me().roles & OWN:
        return Response("Only for our team.\n", 403, mimetype="text/plain")  # who sees only their own hears of no other
    looking_on = ExitStack()
    try:
        listener = looking_on.enter_context(the_gateway().hub.listening())
    except NoRoom:
        return Response("Many look on already.\n", 503, mimetype="text/plain", headers={"Retry-After": "60"})
    key, entrance = session[KEY], the_gateway().entrance
    lines = _lines(looking_on, listener, lambda: entrance.by_session(key, note=False) is not None)
    stream = Response(lines, mimetype="text/event-stream")
    # Neither our server nor a proxy is to gather what is told before it passes it on.
    request.environ["eventlet.minimum_write_chunk_size"] = 1
    stream.headers["X-Accel-Buffering"] = "no"
    return stream


def _lines(looking_on: ExitStack, listener: Listener, may_stay: Callable[[], bool]) -> Iterator[str]:
    """Give the stream's lines until the session ends, the process does, or nobody reads them any more."""
    with looking_on:
        yield "retry: 5000\n\n"
        while may_stay():
            heard = listener.wait(STILL_HERE, GATHER)
            if heard is None:
                return
            yield _as_events(heard) or ": still here\n\n"


def _as_events(heard: Iterable[News]) -> str:
    """Write news as one event for each service, named after it, with what it is about as a JSON list."""
    about: dict[str, set[str]] = {}
    for news in heard:
        about.setdefault(news.source, set()).add(news.subject)
    return "".join(f"event: {source}\ndata: {json.dumps(sorted(about[source]))}\n\n" for source in sorted(about))
