"""The trace context that goes with events and calls, with no OpenTelemetry in sight."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.observability import context, tracing
from shared.observability.context import about
from shared.observability.tracing import child_of, new_traceparent, span, trace_id_of

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
VALID = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def test_a_new_trace_has_ids_of_its_own():
    one, two = new_traceparent(), new_traceparent()

    assert VALID.fullmatch(one)
    assert trace_id_of(one) != trace_id_of(two)


def test_a_child_stays_in_the_trace_under_an_id_of_its_own():
    child = child_of(GIVEN)

    assert child.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert child.endswith("-01")
    assert child != GIVEN


def test_a_trace_that_is_not_sampled_stays_so():
    assert child_of(GIVEN[:-2] + "00").endswith("-00")


def test_a_later_version_is_read_as_far_as_it_is_known():
    assert trace_id_of(f"01{GIVEN[2:]}-and-more") == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "nonsense",
        7,
        ["00"],
        GIVEN.upper(),
        GIVEN + "\n",
        GIVEN + "-more",
        "ff" + GIVEN[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        GIVEN.replace("4", "٤"),
    ],
)
def test_what_is_no_trace_context_begins_a_new_trace(wrong):
    assert trace_id_of(wrong) is None
    assert VALID.fullmatch(child_of(wrong))


@given(st.text())
def test_no_text_from_outside_is_fatal(text):
    with span("any", parent=text) as own:
        assert VALID.fullmatch(own)


def test_a_span_is_the_context_of_its_block_and_of_no_more():
    with span("outer") as outer:
        with span("inner") as inner:
            assert context.traceparent.get() == inner
        assert context.traceparent.get() == outer

    assert context.traceparent.get() is None
    assert trace_id_of(inner) == trace_id_of(outer)
    assert inner != outer


def test_the_parent_that_came_with_a_message_goes_before_the_work_in_hand():
    with about(traceparent=new_traceparent()), span("handle", "consumer", parent=GIVEN) as own:
        assert trace_id_of(own) == trace_id_of(GIVEN)


def test_a_parent_that_is_no_trace_context_leaves_the_span_to_the_work_in_hand():
    with about(traceparent=GIVEN), span("handle", "consumer", parent="nonsense") as own:
        assert trace_id_of(own) == trace_id_of(GIVEN)


def test_a_span_ends_with_an_error_of_its_block():
    with pytest.raises(RuntimeError), span("fails"):
        raise RuntimeError

    assert context.traceparent.get() is None


def test_a_span_refuses_what_is_not_known_to_be_free_of_personal_data():
    with pytest.raises(TypeError, match="email"), span("send", email="rhian@example.org"):
        pass


@pytest.mark.parametrize(
    "environment", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:1", "OTEL_SDK_DISABLED": "true"}]
)
def test_traces_are_not_exported_unless_asked_for(monkeypatch, environment):
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert tracing.configure("enquiries") is False
    tracing.flush()


def test_nothing_of_opentelemetry_is_imported_until_it_is_asked_for():
    script = """
import sys
from shared.observability import tracing
tracing.configure("enquiries")
with tracing.span("any"):
    pass
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], env={}, capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == "[]"
