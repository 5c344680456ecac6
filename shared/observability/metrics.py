"""What the backbone counts for Prometheus. What lies in the databases is counted by `shared.observability.depths`.

`docs/observability.md` lists every metric. A label's values come from a short, fixed list (services, contracts,
operations, outcomes): never an id, never anything that a caller outside may choose.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from prometheus_client import Counter, Histogram, disable_created_metrics

# Every counter would otherwise bring a second series that only tells when it began.
disable_created_metrics()  # type: ignore[no-untyped-call]

_RELAYED = Counter("keytalk_relayed_events", "Events that the relay carried for good.", ["service"])
_RELAY_FAILURES = Counter(
    "keytalk_relay_failures", "Turns of the relay, or rows, that did not get through.", ["service", "reason"]
)
_INBOX_EVENTS = Counter(
    "keytalk_inbox_events", "Events that arrived: handled, repeated, waiting or dead.", ["service", "type", "outcome"]
)
_HANDLER_SECONDS = Histogram(
    "keytalk_handler_seconds",
    "Time that the handler of one event took.",
    ["service", "type"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
_BATCH_SIZE = Histogram(
    "keytalk_inbox_batch_size",
    "Events that were taken in one transaction.",
    ["service"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
_RETRIES = Counter("keytalk_retries", "Events that were tried again.", ["service", "type"])
_RPC_CALLS = Counter(
    "keytalk_rpc_calls", "Calls to operations, by how they ended.", ["service", "operation", "outcome"]
)
_RPC_SECONDS = Histogram(
    "keytalk_rpc_seconds",
    "Time from a call to its answer.",
    ["service", "operation"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
_CANARIES = Counter("keytalk_canaries", "Test enquiries through the public address, by what came of them.", ["outcome"])
_ANSWERS = Counter("keytalk_answers", "Mails read from the mailbox, by what they are and became.", ["kind", "outcome"])
_MAILBOX_AWAY = Counter("keytalk_mailbox_away", "Times that the mailbox could not be read.")
# These belong to the process, which may hold several services: they have no label.
_STALLS = Counter("keytalk_event_loop_stalls", "Times that the event loop stood still for longer than its limit.")
_STALLED_SECONDS = Counter(
    "keytalk_event_loop_stalled_seconds", "Time that the event loop stood still in those stalls."
)


@cache
def _child(metric: Any, *labels: str) -> Any:
    """Give a labelled child; prometheus_client's own look-up takes a lock and costs twice the counting."""
    return metric.labels(*labels)


def relayed(service: str, count: int) -> None:
    """Count events that were carried for good."""
    _child(_RELAYED, service).inc(count)


def relay_failed(service: str, reason: str, count: int = 1) -> None:
    """Count what the relay could not do, by one of a few fixed reasons."""
    _child(_RELAY_FAILURES, service, reason).inc(count)


def received(service: str, type_: str, outcome: str, count: int = 1) -> None:
    """Count events that arrived, by what became of them: handled, repeated, waiting, dead."""
    _child(_INBOX_EVENTS, service, type_, outcome).inc(count)


def handled_in(service: str, type_: str) -> AbstractContextManager[Any]:
    """Time a block as the handling of one event, whether it ends well or raises."""
    timer: AbstractContextManager[Any] = _child(_HANDLER_SECONDS, service, type_).time()
    return timer


def batch_taken(service: str, size: int) -> None:
    """Note how many events one transaction took."""
    _child(_BATCH_SIZE, service).observe(size)


def retried(service: str, type_: str) -> None:
    """Count an event that is tried again."""
    _child(_RETRIES, service, type_).inc()


def called(service: str, operation: str, outcome: str, seconds: float) -> None:
    """Count a call that `service` made to `operation` (such as "scheduling.list_runs"), and the seconds it took."""
    _child(_RPC_CALLS, service, operation, outcome).inc()
    _child(_RPC_SECONDS, service, operation).observe(seconds)


def loop_stalled(seconds: float) -> None:
    """Count a stall of the event loop that has ended."""
    _STALLS.inc()
    _STALLED_SECONDS.inc(seconds)


def canary_ended(outcome: str) -> None:
    """Count a test enquiry by what came of it: arrived, refused, lost."""
    _child(_CANARIES, outcome).inc()


def answer_read(kind: str, outcome: str) -> None:
    """Count a mail from the mailbox by what it is (report, reply, ...) and what became of it (bounced, filed, ...)."""
    _child(_ANSWERS, kind, outcome).inc()


def mailbox_away() -> None:
    """Count a time at which the mailbox could not be read."""
    _MAILBOX_AWAY.inc()
