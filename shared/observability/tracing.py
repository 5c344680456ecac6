"""Traces: the W3C `traceparent` goes with every event and call; OpenTelemetry exports the spans where configured.

Without `OTEL_EXPORTER_OTLP_ENDPOINT` nothing of OpenTelemetry is imported: a span is then only a new pair of ids, so
that logs and those who listen to our events can still tell what belongs together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal

from shared.observability import context

if TYPE_CHECKING:
    from shared.observability.export import Exporter

Kind = Literal["internal", "server", "client", "producer", "consumer"]
"""OpenTelemetry's kinds of span."""

ATTRIBUTES = frozenset({"event_id", "event_type", "operation", "count", "attempt", "job_kind"})
"""What a span may tell, each exported as `keytalk.<name>`. None of these can hold anything about a person."""

FLUSH_WITHIN = 2.0
"""Seconds that a stop waits for the spans in hand to leave."""

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_SAMPLED = "01"
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16

_exporter: Exporter | None = None
"""What exports the spans of this process, once configured."""


def new_traceparent() -> str:
    """Begin a trace."""
    ids = os.urandom(24).hex()
    return f"00-{ids[:32]}-{ids[32:]}-{_SAMPLED}"


def child_of(traceparent: object) -> str:
    """Give a new span of the same trace; where `traceparent` is none or not a valid one, begin a trace."""
    return _child_of(_parts(traceparent))


def trace_id_of(traceparent: object) -> str | None:
    """Give the trace id of a valid `traceparent`."""
    parts = _parts(traceparent)
    return parts[0] if parts else None


def _parts(traceparent: object) -> tuple[str, str, str] | None:
    """Read trace id, span id and flags, as the W3C recommendation asks; what comes from outside may be anything."""
    form = _FORM.fullmatch(traceparent) if isinstance(traceparent, str) else None
    if form is None:
        return None
    version, trace_id, span_id, flags, more = form.groups()
    if version == "ff" or (version == "00" and more) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return trace_id, span_id, flags


def _child_of(parts: tuple[str, str, str] | None) -> str:
    if parts is None:
        return new_traceparent()
    trace_id, _span_id, flags = parts
    return f"00-{trace_id}-{os.urandom(8).hex()}-{flags}"


def span(
    name: str, kind: Kind = "internal", parent: object = None, **attributes: str | int
) -> AbstractContextManager[str]:
    """Give a block a span of its own, and its `traceparent`, which is also that of `context` for the block.

    It is a child of `parent` (a `traceparent` that came with a message) or, without a valid one, of what the work in
    hand already belongs to. `attributes` are some of `ATTRIBUTES`. An error of the block is told by its class only.
    """
    if not attributes.keys() <= ATTRIBUTES:
        raise TypeError(f"not attributes of a span: {', '.join(sorted(attributes.keys() - ATTRIBUTES))}")
    above = _parts(parent) or _parts(context.traceparent.get())
    if _exporter is None:
        return _Current(_child_of(above))
    return _exported(_exporter.span(name, kind, above, attributes))


@contextmanager
def _exported(recorded: AbstractContextManager[str]) -> Iterator[str]:
    with recorded as own, _Current(own) as traceparent:
        yield traceparent


class _Current:
    """Makes a `traceparent` that of `context` for a block; a class, since every event enters one."""

    __slots__ = ("_token", "_traceparent")

    def __init__(self, traceparent: str) -> None:
        self._traceparent = traceparent

    def __enter__(self) -> str:
        self._token = context.traceparent.set(self._traceparent)
        return self._traceparent

    def __exit__(self, *_error: object) -> None:
        context.traceparent.reset(self._token)


def configure(service: str) -> bool:
    """Begin to export spans where the environment asks for it; say whether it does. Call it once, after patching.

    `OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`) is the collector's address; the other standard `OTEL_`
    variables are heeded as OpenTelemetry's SDK heeds them, such as `OTEL_TRACES_SAMPLER`.
    """
    global _exporter  # noqa: PLW0603 - one a process, like the environment it comes from
    asked = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if not asked or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    from shared.observability.export import Exporter  # noqa: PLC0415 - only where traces are wanted

    _exporter = Exporter(os.environ.get("OTEL_SERVICE_NAME") or f"keytalk-{service}")
    return True


def flush() -> None:
    """Send the spans in hand before the process ends, for `FLUSH_WITHIN` seconds at most."""
    if _exporter is not None:
        import eventlet  # noqa: PLC0415 - for those alone that are to be green

        with eventlet.Timeout(FLUSH_WITHIN, False):
            _exporter.flush()
