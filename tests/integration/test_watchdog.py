"""A process whose event loop stands still says so at once, in real green processes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime

import pytest

BEGIN = """
import shared.runtime.green
import logging, sys, time
import eventlet
from eventlet.patcher import original
from prometheus_client import REGISTRY
from shared.runtime import logs, watchdog

sleep_in_c = original("time").sleep
logs.log_to_stderr()


def stand_still(seconds, secret="what Rhian wrote"):
    sleep_in_c(seconds)


def stalls():
    return REGISTRY.get_sample_value("keytalk_event_loop_stalls_total")
"""


def _run(script):
    """Run a green process; give what it printed, and the records that it logged."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEGIN + script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), [json.loads(line) for line in done.stderr.splitlines()]


def test_a_stall_is_told_once_while_it_lasts_and_its_length_when_it_ends():
    printed, records = _run("""
dog = watchdog.start(0.8)
eventlet.sleep(0.1)
began = time.time()
stand_still(2)
ended = time.time()
eventlet.sleep(0.5)
dog.stop()
print(began, ended, time.time(), stalls())
""")
    began, ended, after, stalls = map(float, printed)

    told, over = records
    assert told["message"] == "the event loop stands still"
    assert began < datetime.fromisoformat(told["timestamp"]).timestamp() < ended
    assert over["message"] == "the event loop turns again"
    assert 1.5 < over["stalled_seconds"] <= after - began
    assert stalls == 1


def test_the_stack_shows_where_the_loop_stands_in_code_and_without_values(tmp_path):
    module = tmp_path / "slow.py"
    module.write_text("def work(sleep, note):\n    sleep(2)  # in C\n")
    _printed, records = _run(f"""
sys.path.insert(0, {str(tmp_path)!r})
import slow
dog = watchdog.start(0.8)
eventlet.spawn(slow.work, sleep_in_c, "what Rhian wrote").wait()
eventlet.sleep(0.5)
""")
    stack = records[0]["stack"]

    assert stack[-1] == f"{module}:2 work: sleep(2)  # in C"
    assert "Rhian" not in json.dumps(records)


def test_a_loop_that_stands_still_while_it_logs_is_told_of_all_the_same():
    """The lock of the log's handler is held then: to log from the native thread would wait for it for ever."""
    printed, records = _run("""
dog = watchdog.start(0.8)
eventlet.sleep(0.1)
handler = logging.getLogger().handlers[0]
handler.acquire()
stand_still(2)
handler.release()
eventlet.sleep(0.5)
print(stalls())
""")

    assert [record["message"] for record in records] == ["the event loop stands still", "the event loop turns again"]
    assert printed == ["1.0"]


def test_each_stall_is_told_by_itself():
    printed, records = _run("""
dog = watchdog.start(0.8)
for _ in range(2):
    eventlet.sleep(0.5)
    stand_still(2)
eventlet.sleep(0.5)
print(stalls())
""")

    assert [record["message"] for record in records] == [
        "the event loop stands still",
        "the event loop turns again",
    ] * 2
    assert printed == ["2.0"]


@pytest.mark.parametrize("work", ["eventlet.sleep(3)", "[eventlet.sleep(0.01) for _ in range(200)]"])
def test_a_loop_that_turns_is_left_in_peace(work):
    printed, records = _run(f"dog = watchdog.start(1.0)\n{work}\nprint(stalls())")

    assert (printed, records) == (["0.0"], [])


def test_a_watchdog_that_was_stopped_says_nothing_more():
    printed, records = _run("""
dog = watchdog.start(0.3)
eventlet.sleep(0.1)
dog.stop()
stand_still(1)
eventlet.sleep(0.2)
print(stalls())
""")

    assert (printed, records) == (["0.0"], [])


def test_watching_an_idle_process_costs_next_to_nothing():
    printed, _records = _run("""
dog = watchdog.start(1.0)
eventlet.sleep(0.5)
before = time.process_time()
eventlet.sleep(3)
print(time.process_time() - before)
""")

    # Well under 0.1 % of a core when nothing disturbs; busy polling would cost a hundred times this bound.
    assert float(printed[0]) < 0.03
