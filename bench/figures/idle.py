"""Idling: the processor time that Keytalk takes when nobody asks anything of it, in per cent of one core.

First one service on real servers, as in production; then the whole of embedded Keytalk in one process.
"""

import time
from contextlib import closing

from bench.lab import Lab
from bench.rows import Goal, Row, command_for
from bench.usage import cpu_seconds
from tests.servers.keytalk import Keytalk

NAMES = ("idle_cpu", "idle_cpu_embedded")
SERVICE = "scheduling"
SETTLE_SECONDS = 10
SECONDS = 30
MOST = 1.0


def run(lab: Lab) -> list[Row]:
    """Leave each alone and see what it took."""
    with lab.alone(SERVICE) as served:
        service = per_cent(served.pid)
    with closing(Keytalk()) as up:
        up.start()
        embedded = per_cent(up.pid)
    return rows_of(service, embedded)


def rows_of(service: float, embedded: float) -> list[Row]:
    """The rows; the goal is for the service on its own."""
    goal = Goal(f"below {MOST:g}", service < MOST)
    figures = ((service, goal), (embedded, None))
    return [
        Row(name, "% of a core", ours, command=command_for(name), goal=its_goal)
        for name, (ours, its_goal) in zip(NAMES, figures, strict=True)
    ]


def per_cent(pid: int) -> float:
    """What a process takes of a core while it is left alone, once it has settled."""
    time.sleep(SETTLE_SECONDS)
    before, begin = cpu_seconds(pid), time.monotonic()
    time.sleep(SECONDS)
    return 100 * (cpu_seconds(pid) - before) / (time.monotonic() - begin)
