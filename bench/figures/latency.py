"""Event latency: from the commit that records an event to the commit of what handles it, at 100 and 500 a second.

The backbone alone: one process commits events and relays them, as a service does; another reads its queue into its
inbox with one insert an event. Both write down the wall clock of this machine right after the commit returned. The
limit is one message from publish to consume with py-amqp on a durable quorum queue, at the same rate.
"""

import secrets
from collections.abc import Mapping

from bench.backbone import service
from bench.lab import Lab, finish, start_module
from bench.queues import declare_all
from bench.rows import Goal, Row, command_for
from bench.stats import Rounds, percentile

NAMES = ("event_latency_p50_100", "event_latency_p99_100", "event_latency_p99_500")
RATES = (100, 500)
ROUNDS = 3
WARMUP = 3
SECONDS = 10
HANDLED_WITHIN = 60
MOST_P50 = 10.0
MOST_P99 = 50.0
TIMES_THE_LIMIT = 3

Times = Mapping[str, int]
"""Nanoseconds of the wall clock, by event id."""
Figures = Mapping[str, float]
"""Milliseconds, by the name of the row."""


def run(lab: Lab) -> list[Row]:
    """Measure the limit and ours in turns, at each rate."""
    ours: list[dict[str, float]] = []
    limits: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        limits.append({})
        ours.append({})
        for rate in RATES:
            limits[-1] |= named(rate, *limit(lab, rate))
            ours[-1] |= named(rate, *backbone(lab, rate))
    return rows_of(middle("ours", ours), middle("limit", limits))


def named(rate: int, p50: float, p99: float) -> dict[str, float]:
    """A round's figures by the names that their rows have, or would have."""
    return {f"event_latency_p50_{rate}": p50, f"event_latency_p99_{rate}": p99}


def middle(side: str, rounds: list[dict[str, float]]) -> Figures:
    """The median of each figure over all rounds."""
    figures = {name: Rounds(tuple(one[name] for one in rounds)) for name in rounds[0]}
    for name, figure in figures.items():
        print(f"  {side}, {name}: {figure} ms")
    return {name: figure.median for name, figure in figures.items()}


def rows_of(ours: Figures, limit: Figures) -> list[Row]:
    """The rows; p99 may take the larger of 50 ms and three times the limit at 100 a second."""
    most_p99 = max(MOST_P99, TIMES_THE_LIMIT * limit["event_latency_p99_100"])
    goals = {name: MOST_P50 if "p50" in name else most_p99 for name in NAMES}
    return [
        Row(
            name,
            "ms",
            ours[name],
            limit=limit[name],
            command=command_for(name),
            goal=Goal(f"up to {most:.0f} ms", ours[name] <= most),
        )
        for name, most in goals.items()
    ]


def backbone(lab: Lab, rate: int) -> tuple[float, float]:
    """One round of ours: p50 and p99 in milliseconds."""
    uri, count = lab.rabbitmq.new_vhost(), str(rate * (WARMUP + SECONDS))
    theirs, ours = (lab.postgres.new_database(name) for name in (service.PUBLISHER, service.SUBSCRIBER))
    declare_all(uri)
    lab.checkpoint()
    consumer = start_module("bench.backbone", "handle", ours, uri, count)
    try:
        publisher = start_module("bench.backbone", "publish", theirs, uri, count, str(rate))
        committed = finish(publisher, within=WARMUP + SECONDS + HANDLED_WITHIN)["times"]
        handled = finish(consumer, within=HANDLED_WITHIN)["times"]
    finally:
        consumer.kill()
    took = latencies(committed, handled, WARMUP)
    return percentile(took, 50), percentile(took, 99)


def latencies(committed: Times, handled: Times, warmup: float) -> list[float]:
    """Milliseconds from committed to handled, without the events of the first `warmup` seconds.

    Raises KeyError when a committed event was not handled.
    """
    begin = min(committed.values()) + warmup * 1e9
    return [(handled[event] - at) / 1e6 for event, at in committed.items() if at >= begin]


def limit(lab: Lab, rate: int) -> tuple[float, float]:
    """One round of py-amqp alone: p50 and p99 in milliseconds."""
    where = (lab.rabbitmq.uri, f"bench-{secrets.token_hex(4)}", str(rate * (WARMUP + SECONDS)))
    consumer = start_module("bench.limits.bare_amqp", "consume", *where, str(rate * WARMUP))
    try:
        finish(start_module("bench.limits.bare_amqp", "publish", *where, str(rate)))
        seen = finish(consumer, within=HANDLED_WITHIN)
    finally:
        consumer.kill()
    return seen["p50_ms"], seen["p99_ms"]
