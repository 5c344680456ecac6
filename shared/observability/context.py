"""What the work in hand is about, so that log lines and outgoing messages can say so.

A context variable is per greenlet under eventlet, and a new greenlet begins with none set: work that runs side by side
never sees another's ids. A greenlet that works for one service all its life sets `service` once and leaves it.
"""

from __future__ import annotations

from contextvars import ContextVar, Token

service: ContextVar[str | None] = ContextVar("service", default=None)
"""The service that the work is done by; several may share a process."""

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""Names everything that follows from one request or one reminder."""

causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)
"""Names the message that the work in hand answers to."""

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The W3C trace context of the work in hand."""


class about:  # noqa: N801 - reads as the words of a `with`
    """Say for a block what its work is about, and restore what was said before it.

    What is not given stays as it was outside the block. (A class, since every event enters one: `@contextmanager` costs
    four times as much.)
    """

    __slots__ = ("_given", "_tokens")

    def __init__(
        self,
        *,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        traceparent: str | None = None,
        service: str | None = None,
    ) -> None:
        self._given = (correlation_id, causation_id, traceparent, service)
        self._tokens: list[Token[str | None]] = []

    def __enter__(self) -> None:
        for variable, value in zip(_VARIABLES, self._given, strict=True):
            if value is not None:
                self._tokens.append(variable.set(value))

    def __exit__(self, *_error: object) -> None:
        while self._tokens:
            token = self._tokens.pop()
            token.var.reset(token)


_VARIABLES = (correlation_id, causation_id, traceparent, service)
