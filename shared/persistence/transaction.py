"""Knows whether the work in hand is inside an open transaction, where no other I/O may happen.

A context variable is per greenlet under eventlet: a transaction of one green thread does not mark another's work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

inside_transaction: ContextVar[bool] = ContextVar("inside_transaction", default=False)
"""Whether the work in hand is inside an open transaction."""


@contextmanager
def marked() -> Iterator[None]:
    """Mark a block as one inside a transaction."""
    token = inside_transaction.set(True)
    try:
        yield
    finally:
        inside_transaction.reset(token)
