"""Starting up and holding on: how soon embedded Keytalk is ready, and the memory it keeps.

One home serves all four figures: empty at the first start, with the demonstration set and its databases at the second.
"""

import time

import psutil

from bench.lab import Lab
from bench.rows import Goal, Row, command_for
from tests.servers.keytalk import Keytalk

NAMES = ("startup_first_s", "startup_again_s", "memory_embedded_mb", "memory_embedded_after_500_mb")
IDLE_SECONDS = 30
SETTLE_SECONDS = 5
POSTS = 500
READY_WITHIN = 5.0


def run(lab: Lab) -> list[Row]:
    """Start twice, leave it alone, post, and look at the memory."""
    with Keytalk(demo=True) as up:
        # The context started it once to know that it can; the empty home begins here.
        up.stop()
    with fresh() as up:
        first = seconds_to_ready(up)
        up.stop()
        again = seconds_to_ready(up)
        time.sleep(IDLE_SECONDS)
        idle = memory_mb(up.pid)
        lab.load(f"{up.public_url}/api/enquiries", connections=8, warmup=0, seconds=120, count=POSTS)
        time.sleep(SETTLE_SECONDS)
        return rows_of(first, again, idle, memory_mb(up.pid))
