"""Telling people plainly that somebody else's transaction stood in their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import OperationalError

from shared.errors import Refused

_IN_THE_WAY: Final = frozenset({"40P01", "40001", "55P03"})
"""PostgreSQL's words for a deadlock, for transactions that cannot be put one after another, and for a lock not had."""


@contextmanager
def one_after_another() -> Iterator[None]:
    """Say as a conflict what the database says when others hold what this wants, for too long or crosswise."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
            raise
        raise Refused(
            "conflict",
            "Others were changing the same run, people or rooms at this moment, so nothing was changed here. "
            "Look at it again: it may be taken now. If it is not, ask once more.",
        ) from None
