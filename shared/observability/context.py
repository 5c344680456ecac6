"""What the work in hand is about, so that log lines and outgoing messages can say so.

A context variable is per greenlet under eventlet, and a new greenlet begins with none set: work that runs side by side
never sees another's ids. A greenlet that works for one service all its life sets `service` once and leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

service: ContextVar[str | None] = ContextVar("service", default=None)
"""The service that the work is done by; several may share a process."""

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""Names everything that follows from one request or one reminder."""

causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)
"""Names the message that the work in hand answers to."""

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The W3C trace context of the work in hand."""

_SERVICE, _CORRELATION, _CAUSATION, _TRACEPARENT = service, correlation_id, causation_id, traceparent


@contextmanager
def about(
    *,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    traceparent: str | None = None,
    service: str | None = None,
) -> Iterator[None]:
    """Say for a block what its work is about, and restore what was said before it.

    What is not given stays as it was outside the block.
    """
    tokens = []
    for variable, value in (
        (_CORRELATION, correlation_id),
        (_CAUSATION, causation_id),
        (_TRACEPARENT, traceparent),
        (_SERVICE, service),
    ):
        if value is not None:
            tokens.append(variable.set(value))
    try:
        yield
    finally:
        for token in tokens:
            token.var.reset(token)
