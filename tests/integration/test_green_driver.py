"""The database driver waits through the event loop: in processes that are made green, as Keytalk's are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FIVE_AT_ONCE = """
import json, sys, time
from shared.runtime.green import assert_green
import eventlet
from sqlalchemy import text
from sqlalchemy.engine import make_url
from shared.persistence.database import Database

assert_green()
database = Database(make_url(sys.argv[1]).set(drivername="postgresql+psycopg"), pool_size=5)
turns = 0

def turn():
    global turns
    while True:
        eventlet.sleep(0.01)
        turns += 1

def sleep_on_the_server(_):
    with database.reading() as connection:
        connection.execute(text("SELECT pg_sleep(1)"))

eventlet.spawn(turn)
began = time.monotonic()
list(eventlet.GreenPool().imap(sleep_on_the_server, range(5)))
print(json.dumps({"seconds": time.monotonic() - began, "turns": turns}))
"""

NOT_GREEN = """
from shared.runtime import green
import psycopg.waiting

psycopg.waiting.wait = psycopg.waiting.wait_selector
try:
    green.assert_green()
except RuntimeError as error:
    print(error)
"""


def _run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_five_queries_of_a_second_each_take_their_second_together_and_the_loop_turns_meanwhile(postgres):
    seen = json.loads(_run(FIVE_AT_ONCE, postgres.url))

    assert 1 <= seen["seconds"] < 4  # one after another they would take five
    assert seen["turns"] > 20  # of the hundred that an idle machine manages


def test_a_process_whose_driver_would_stop_the_loop_is_refused():
    assert "was not made green" in _run(NOT_GREEN)
