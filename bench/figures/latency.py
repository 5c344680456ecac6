"""Event latency: from the commit of an enquiry to its event handled by notifications, at 100 events a second.

Ours is read from the two databases after the run. An outbox row's `created_at` is taken when its transaction begins,
so our figure holds the whole commit; an inbox row's `handled_at` is taken beside the handler, so it may lack the last
commit. The limit is one message from publish to consume with py-amqp on a durable quorum queue.
"""

import secrets
import time
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from bench.lab import Lab, finish, start_module
from bench.rows import Goal, Row, command_for
from bench.stats import Rounds, percentile
from tests.servers.keytalk import Keytalk

NAMES = ("event_latency_p50_100", "event_latency_p99_100")
RATE = 100
ROUNDS = 3
WARMUP = 3
SECONDS = 10
HANDLED_WITHIN = 30

COMMITTED = "SELECT event_id, created_at FROM outbox WHERE type = 'enquiry_received'"
HANDLED = "SELECT event_id, handled_at FROM inbox WHERE type = 'enquiry_received' AND handled_at IS NOT NULL"

Times = dict[UUID, datetime]


def run(lab: Lab) -> list[Row]:
    """Measure the limit and ours in turns."""
    ours, limits = [], []
    for _ in range(ROUNDS):
        limits.append(limit(lab))
        ours.append(keytalk(lab))
    sides = {"ours": ours, "limit": limits}
    p50 = {name: Rounds(tuple(p50 for p50, _ in side)) for name, side in sides.items()}
    p99 = {name: Rounds(tuple(p99 for _, p99 in side)) for name, side in sides.items()}
    for name in sides:
        print(f"  {name}: p50 {p50[name]} ms, p99 {p99[name]} ms")
    return rows_of(p50["ours"].median, p50["limit"].median, p99["ours"].median, p99["limit"].median)


def rows_of(p50: float, p50_limit: float, p99: float, p99_limit: float) -> list[Row]:
    """The rows; the goals are 10 ms in the middle, and for p99 the larger of 50 ms and three times the limit."""
    most = max(50.0, 3 * p99_limit)
    goals = (Goal("up to 10 ms", p50 <= 10), Goal(f"up to {most:.0f} ms", p99 <= most))
    figures = ((p50, p50_limit), (p99, p99_limit))
    return [
        Row(name, "ms", ours, limit=limit, command=command_for(name), goal=goal)
        for name, (ours, limit), goal in zip(NAMES, figures, goals, strict=True)
    ]


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


def limit(lab: Lab) -> tuple[float, float]:
    """One round of py-amqp alone: p50 and p99 in milliseconds."""
    queue, count = f"bench-{secrets.token_hex(4)}", RATE * SECONDS
    where = (lab.rabbitmq.uri, queue, str(count))
    consumer = start_module("bench.limits.bare_amqp", "consume", *where)
    try:
        finish(start_module("bench.limits.bare_amqp", "publish", *where, str(RATE)))
        seen = finish(consumer, within=60)
    finally:
        consumer.kill()
    return seen["p50_ms"], seen["p99_ms"]


def database(up: Keytalk, service: str) -> str:
    """The address of a service's database."""
    return up.environment[f"KEYTALK_{service.upper()}_DATABASE_URL"]


def read(url: str, query: str) -> Times:
    """The rows of a query of two columns, an event id and a time."""
    with psycopg.connect(url) as connection:
        return dict(connection.execute(query).fetchall())
