"""A backlog: 200,000 events wait in the queue and one process drains them, at a steady rate and in flat memory or not.

One round, since it takes a minute. The rate is given over all and for the slowest and fastest of ten stretches;
memory after the first hundredth, in the middle and at the end. BENCH_BACKLOG makes it smaller to try it out.
"""

import os
import statistics
from collections.abc import Sequence

from bench.lab import Lab, finish, start_module
from bench.limits.bare_publish import fill
from bench.queues import declare_all
from bench.rows import Goal, Row, command_for

NAMES = (
    "backlog_drain",
    "backlog_slowest",
    "backlog_fastest",
    "backlog_memory_begin_mb",
    "backlog_memory_middle_mb",
    "backlog_memory_end_mb",
)
BACKLOG = 200_000
DRAINED_WITHIN = 900
STEADY = 0.7
"""The slowest stretch, as a share of the middle one, is at least this."""
FLAT = 1.2
"""Memory at the end, as a share of the beginning, is below this."""


def run(lab: Lab) -> list[Row]:
    """Fill the queue, drain it, look back."""
    count = int(os.environ.get("BENCH_BACKLOG") or BACKLOG)
    database, uri = lab.postgres.new_database("backlog"), lab.rabbitmq.new_vhost()
    declare_all(uri)
    fill(uri, count)
    lab.checkpoint()
    process = start_module("bench.backbone", "consume", database, uri, str(count))
    seen = finish(process, within=DRAINED_WITHIN)
    print(f"  {count:,} events, by stretches: {', '.join(f'{rate:,.0f}' for rate in seen['slices'])} a second")
    return rows_of(seen["rate"], seen["slices"], seen["memory_mb"])


def rows_of(rate: float, slices: Sequence[float], memory_mb: Sequence[float]) -> list[Row]:
    """The rows; `memory_mb` is at the beginning, in the middle and at the end."""
    middle = statistics.median(slices)
    steady = Goal(f"at least {STEADY:g} of the middle stretch", min(slices) >= STEADY * middle)
    flat = Goal(f"below {FLAT:g} of the beginning", memory_mb[-1] < FLAT * memory_mb[0])
    figures = [("events/s", rate, None), ("events/s", min(slices), steady), ("events/s", max(slices), None)]
    figures += [("MB", memory, None) for memory in memory_mb[:-1]] + [("MB", memory_mb[-1], flat)]
    return [
        Row(name, unit, ours, command=command_for(name), goal=goal)
        for name, (unit, ours, goal) in zip(NAMES, figures, strict=True)
    ]
