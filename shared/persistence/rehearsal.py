"""Rehearsing a change: everything is done as it would be, and all of it is undone.

What a dry run reports is therefore what would have happened, with every refusal that would come. A context variable is
per greenlet under eventlet: nobody else's work is undone with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.messaging.envelope import Envelope

_news: ContextVar[list[Envelope] | None] = ContextVar("rehearsal", default=None)


@contextmanager
def rehearsing() -> Iterator[list[Envelope]]:
    """Undo what the block writes into a `Database`; what it would have published is found in the list that is given."""
    news: list[Envelope] = []
    token = _news.set(news)
    try:
        yield news
    finally:
        _news.reset(token)


def news_of_the_rehearsal() -> list[Envelope] | None:
    """Give where the rehearsal in hand notes what would be published; None where this is no rehearsal."""
    return _news.get()
