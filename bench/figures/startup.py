"""Starting up and holding on: how soon embedded Keytalk is ready, and the memory its process keeps.

One home serves all four figures: empty at the first start, with its databases and the demonstration set at the second.
"""

import time
from contextlib import closing

from bench.lab import Lab
from bench.rows import Goal, Row, command_for
from bench.usage import memory_mb
from tests.servers.keytalk import Keytalk

NAMES = ("startup_first_s", "startup_again_s", "memory_embedded_mb", "memory_embedded_after_500_mb")
IDLE_SECONDS = 30
SETTLE_SECONDS = 5
POSTS = 500
POSTING_WITHIN = 120
READY_WITHIN = 5.0


def run(lab: Lab) -> list[Row]:
    """Start twice, leave it alone, post, and look at the memory before and after."""
    with closing(Keytalk(demo=True)) as up:
        first = seconds_to_ready(up)
        up.stop()
        again = seconds_to_ready(up)
        time.sleep(IDLE_SECONDS)
        idle = memory_mb(up.pid)
        url = f"{up.public_url}/api/enquiries"
        lab.load(url, connections=8, warmup=0, seconds=POSTING_WITHIN, count=POSTS)
        time.sleep(SETTLE_SECONDS)
        return rows_of(first, again, idle, memory_mb(up.pid))


def rows_of(first: float, again: float, idle: float, after: float) -> list[Row]:
    """The rows; the second start has a goal of its own."""
    goal = Goal(f"within {READY_WITHIN:g} s", again <= READY_WITHIN)
    figures = (("s", first, None), ("s", again, goal), ("MB", idle, None), ("MB", after, None))
    return [
        Row(name, unit, ours, command=command_for(name), goal=its_goal)
        for name, (unit, ours, its_goal) in zip(NAMES, figures, strict=True)
    ]


def seconds_to_ready(up: Keytalk) -> float:
    """Start `keytalk up` and give the seconds until it printed `ready`."""
    begin = time.perf_counter()
    up.start()
    return time.perf_counter() - begin
