"""Spans reach an OpenTelemetry collector by OTLP over HTTP from real green processes, and hold nothing up."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

BEGIN = """
import shared.runtime.green
import time
import eventlet
from shared.errors import Refused
from shared.observability import tracing
from shared.observability.context import about
from shared.observability.tracing import span

assert tracing.configure("enquiries")
"""


class Collector:
    """A collector in miniature: keeps what it is sent, and answers when `answering` is set."""

    def __init__(self):
        self.requests = []
        self.answering = threading.Event()
        self.answering.set()
        kept = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                request = ExportTraceServiceRequest.FromString(body)
                kept.requests.append((self.path, request))
                kept.answering.wait(30)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self):
        """Each span by its name."""
        return {
            span.name: span
            for _path, request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def close(self):
        self.answering.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


def _run(script, url, **env):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEGIN + script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": url, **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def _attributes(owner):
    return {
        each.key: each.value.string_value or each.value.int_value
        for each in owner.attributes
        if each.key.startswith(("keytalk.", "error.", "service."))
    }


def test_a_span_reaches_the_collector_under_the_ids_that_went_with_the_message(collector):
    outer, inner = _run(
        f"""
with about(service="enquiries"), span("stage_changed", "consumer", {TRACE!r}, event_type="stage_changed", count=2) as o:
    with span("enquiries.get_enquiry", "client") as i:
        pass
tracing.flush()
print(o, i)
""",
        collector.url,
    )
    path, request = collector.requests[0]
    handled, called = collector.spans["stage_changed"], collector.spans["enquiries.get_enquiry"]

    assert path == "/v1/traces"
    assert _attributes(request.resource_spans[0].resource)["service.name"] == "keytalk-enquiries"
    assert outer == f"00-{handled.trace_id.hex()}-{handled.span_id.hex()}-01"
    assert inner == f"00-{called.trace_id.hex()}-{called.span_id.hex()}-01"
    assert handled.trace_id.hex() == called.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert handled.parent_span_id.hex() == "00f067aa0ba902b7"
    assert called.parent_span_id == handled.span_id
    assert (handled.kind, called.kind) == (handled.SPAN_KIND_CONSUMER, handled.SPAN_KIND_CLIENT)
    assert _attributes(handled) == {
        "keytalk.event_type": "stage_changed",
        "keytalk.count": 2,
        "keytalk.service": "enquiries",
    }


def test_an_error_is_told_by_its_class_and_a_refusal_by_its_code(collector):
    _run(
        """
for name, error in (("fault", RuntimeError("what Rhian wrote")), ("refusal", Refused("conflict", "what Rhian wrote"))):
    try:
        with span(name):
            raise error
    except (RuntimeError, Refused):
        pass
tracing.flush()
""",
        collector.url,
    )
    fault, refusal = collector.spans["fault"], collector.spans["refusal"]

    assert _attributes(fault) == {"error.type": "RuntimeError"}
    assert fault.status.code == fault.status.STATUS_CODE_ERROR
    assert _attributes(refusal) == {"keytalk.refused": "conflict"}
    assert refusal.status.code == refusal.status.STATUS_CODE_UNSET
    assert b"Rhian" not in collector.requests[0][1].SerializeToString()


def test_a_trace_that_is_not_sampled_goes_on_but_is_not_exported(collector):
    [own] = _run(
        f"""
with span("unsampled", parent={TRACE[:-2] + "00"!r}) as own:
    pass
with span("sampled"):
    pass
tracing.flush()
print(own)
""",
        collector.url,
    )

    assert own.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert own.endswith("-00")
    assert set(collector.spans) == {"sampled"}


def test_spans_leave_by_themselves_and_the_name_of_the_service_can_be_set(collector):
    _run(
        """
with span("alone"):
    pass
eventlet.sleep(1)
""",
        collector.url,
        OTEL_SERVICE_NAME="crm",
        OTEL_BSP_SCHEDULE_DELAY="100",
    )

    assert _attributes(collector.requests[0][1].resource_spans[0].resource)["service.name"] == "crm"
    assert set(collector.spans) == {"alone"}


def test_a_collector_that_never_answers_holds_up_neither_the_loop_nor_the_stop(collector):
    collector.answering.clear()
    turns, flushed = map(
        float,
        _run(
            """
turns = 0
def turn():
    global turns
    while True:
        eventlet.sleep(0.01)
        turns += 1
eventlet.spawn(turn)
with span("kept waiting"):
    pass
eventlet.sleep(1)
began = time.monotonic()
tracing.flush()
print(turns, time.monotonic() - began)
""",
            collector.url,
            OTEL_BSP_SCHEDULE_DELAY="100",
        ),
    )

    assert set(collector.spans) == {"kept waiting"}
    assert turns > 20
    assert flushed < 5


def test_a_collector_that_is_away_is_no_fault_of_the_work():
    [done] = _run(
        """
with span("lost"):
    pass
tracing.flush()
print("done")
""",
        "http://127.0.0.1:1",
    )

    assert done == "done"
