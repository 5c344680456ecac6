"""The spans of this process on their way to an OpenTelemetry collector. Imported only where one is configured."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from shared.errors import Refused
from shared.observability import context

_BATCH = 128
"""Spans encoded in one go, unless `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` says otherwise: the SDK's own 512 hold up the event
loop for four times as long."""


class Exporter:
    """Sends spans by OTLP over HTTP, in batches, from a thread that is green once the process is patched."""

    def __init__(self, service_name: str) -> None:
        # The launcher ends the process by itself and flushes before: a hook at exit could only hold it up.
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service_name}), shutdown_on_exit=False)
        batch = None if "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" in os.environ else _BATCH
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_export_batch_size=batch))
        self._tracer = self._provider.get_tracer("keytalk")

    @contextmanager
    def span(
        self, name: str, kind: str, above: tuple[str, str, str] | None, attributes: Mapping[str, str | int]
    ) -> Iterator[str]:
        """Record a block as a span below `above` (trace id, span id, flags), and give its `traceparent`."""
        told = {f"keytalk.{name}": value for name, value in attributes.items()}
        if service := context.service.get():
            told["keytalk.service"] = service
        own = self._tracer.start_span(name, _below(above), SpanKind[kind.upper()], told)
        try:
            yield _traceparent_of(own.get_span_context())
        except BaseException as error:
            _tell_error(own, error)
            raise
        finally:
            own.end()

    def flush(self) -> None:
        """Send what is in hand. The SDK's own time limit for this is not kept: the caller sets one."""
        self._provider.force_flush()


def _below(above: tuple[str, str, str] | None) -> Context:
    """Give the context of a remote parent; an empty one begins a trace."""
    if above is None:
        return Context()
    trace_id, span_id, flags = (int(part, 16) for part in above)
    return set_span_in_context(
        NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))), Context()
    )


def _traceparent_of(own: SpanContext) -> str:
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"


def _tell_error(own: Span, error: BaseException) -> None:
    """Name an error by its class: its words may repeat what a person wrote. A refusal is an answer, not an error."""
    if isinstance(error, Refused):
        own.set_attribute("keytalk.refused", error.code)
        return
    own.set_attribute("error.type", type(error).__name__)
    own.set_status(Status(StatusCode.ERROR))
