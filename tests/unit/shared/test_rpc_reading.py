"""A reader that waits for the next call can be called away from it, so that a service ends at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

IN_A_GREEN_PROCESS = """
import shared.runtime.green
import sys
import eventlet
import shared.messaging.memory
from shared.doors.rpc.reading import Line

def wait():
    try:
        line.drain_events(timeout=60)
    except TimeoutError:
        return "called away"

with Line("keytalk-memory://") as line:
    line.SimpleQueue("calls").consumer.consume()
    line.look_up()  # nobody waits: nothing happens
    with eventlet.Timeout(20):
        waiting = eventlet.spawn(wait)
        eventlet.sleep(0.1)
        for _ in range(int(sys.argv[1])):
            line.look_up()
        print(waiting.wait())
"""


@pytest.mark.parametrize("times", [1, 2])
def test_a_wait_for_a_message_ends_when_it_is_told_to_look_up(times):
    command = [sys.executable, "-W", "ignore", "-c", IN_A_GREEN_PROCESS, str(times)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr, done.returncode) == ("called away\n", "", 0)
