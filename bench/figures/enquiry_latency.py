"""The way of an enquiry: from its commit to its event handled by notifications, at 100 enquiries a second.

All three services run in one process (`keytalk up`) on real servers, and mail is rendered and delivered beside; the
backbone alone is measured in `latency`. The times are read from the two databases after the run. An outbox row's
`created_at` is taken when its transaction begins, so the figure holds the whole commit; an inbox row's `handled_at` is
taken beside the handler, so it may lack the last commit.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from bench.lab import Lab
from bench.rows import Row, command_for
from bench.stats import Rounds, percentile
from tests.servers.keytalk import Keytalk

NAMES = ("enquiry_latency_p50_100", "enquiry_latency_p99_100")
RATE = 100
ROUNDS = 3
WARMUP = 3
SECONDS = 10
HANDLED_WITHIN = 30

COMMITTED = "SELECT event_id, created_at FROM outbox WHERE type = 'enquiry_received'"
HANDLED = "SELECT event_id, handled_at FROM inbox WHERE type = 'enquiry_received' AND handled_at IS NOT NULL"

Times = dict[UUID, datetime]


def run(lab: Lab) -> list[Row]:
    """Measure a few rounds."""
    rounds = [keytalk(lab) for _ in range(ROUNDS)]
    p50, p99 = (Rounds(tuple(figures)) for figures in zip(*rounds, strict=True))
    print(f"  p50 {p50} ms, p99 {p99} ms")
    figures = zip(NAMES, (p50.median, p99.median), strict=True)
    return [Row(name, "ms", ours, command=command_for(name)) for name, ours in figures]


def keytalk(lab: Lab) -> tuple[float, float]:
    """One round of ours: p50 and p99 in milliseconds."""
    with lab.keytalk() as up:
        url = f"{up.public_url}/api/enquiries"
        load = lab.load(url, rate=RATE, warmup=WARMUP, seconds=SECONDS)
        handled = wait_handled(up, load.accepted_in_all)
        took = latencies(read(database(up, "enquiries"), COMMITTED), handled, WARMUP)
    return percentile(took, 50), percentile(took, 99)


def wait_handled(up: Keytalk, count: int) -> Times:
    """When each event was handled, once all `count` are; raises TimeoutError with how many were not."""
    give_up = time.monotonic() + HANDLED_WITHIN
    while True:
        handled = read(database(up, "notifications"), HANDLED)
        if len(handled) >= count:
            return handled
        if time.monotonic() > give_up:
            raise TimeoutError(f"{count - len(handled)} of {count} events were not handled in {HANDLED_WITHIN} s")
        time.sleep(0.5)


def latencies(committed: Times, handled: Times, warmup: float) -> list[float]:
    """Milliseconds from commit to handled, without the events of the first `warmup` seconds.

    Raises KeyError when a committed event was not handled.
    """
    begin = min(committed.values()) + timedelta(seconds=warmup)
    return [(handled[event] - at).total_seconds() * 1000 for event, at in committed.items() if at >= begin]


def database(up: Keytalk, service: str) -> str:
    """The address of a service's database."""
    return up.environment[f"KEYTALK_{service.upper()}_DATABASE_URL"]


def read(url: str, query: str) -> Times:
    """The rows of a query of two columns, an event id and a time."""
    with psycopg.connect(url) as connection:
        return dict(connection.execute(query).fetchall())
