"""The calendar feeds, each behind an address that is its key."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from flask import Flask, abort, request
from werkzeug.wrappers import Response

from services.scheduling.domain.feeds import entry_of
from services.scheduling.domain.ical import Entry, feed_text
from services.scheduling.queries import feeds as queries
from services.scheduling.web.app import PATH
from shared.clock import day_in_london
from shared.persistence.work import Store

_CACHED = "private, no-cache"
"""A calendar program may keep what it got for its owner, and asks each time whether that is still so."""

_AT_A_TIME = 500
"""So many sessions take a few hundredths of a second."""


@dataclass(frozen=True, slots=True)
class FeedFile:
    """What a feed says, and a moment since which it says so, in UTC and to the second."""

    text: str
    changed_at: dt.datetime


class Feeds(Protocol):
    """Gives feeds by their tokens."""

    def read(self, token: str) -> FeedFile | None:
        """Give the feed that a token is for, or None where there is none."""


class StoredFeeds:
    """The feeds over this service's own database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, token: str) -> FeedFile | None:
        """Give the feed that a token is for."""
        now = self._store.clock()
        with self._store.database.reading() as connection:
            feed = queries.find_feed(connection, token)
            if feed is None:
                return None
            shown = queries.shown_in(connection, feed, day_in_london(now))
            text = feed_text(feed.name, _by_turns(entry_of(each, feed.kind) for each in shown))
            return FeedFile(text, queries.last_changed(connection, feed, now))


def _by_turns(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Give all entries, and let others have a turn now and then: a feed may have thousands."""
    for count, entry in enumerate(entries, start=1):
        if count % _AT_A_TIME == 0:
            time.sleep(0)
        yield entry


def address_of(public_url: str, token: str) -> str:
    """Give the address of a feed."""
    return f"{public_url}{PATH}/feeds/{token}.ics"


def mount(app: Flask, feeds: Feeds) -> None:
    """Give the app the route of the feeds."""

    @app.get(f"{PATH}/feeds/<token>.ics")
    def show_feed(token: str) -> Response:
        """Give a feed, or 304 to a program that has it as it is."""
        found = feeds.read(token)
        if found is None:
            abort(404)
        content = found.text.encode()
        answer = Response(content, content_type="text/calendar; charset=utf-8")
        answer.set_etag(hashlib.sha256(content).hexdigest()[:32])
        answer.last_modified = found.changed_at
        answer.headers["Cache-Control"] = _CACHED
        answer.headers["Content-Disposition"] = 'inline; filename="sessions.ics"'
        return answer.make_conditional(request.environ)
