"""Starting the command line: the seconds `keytalk` takes for its help, a command's help, and a call nobody answers.

The figure is the slowest of the three, each the median of a few starts, beside a Python that does nothing.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.lab import Lab
from bench.rows import Goal, Row, command_for

NAMES = ("cli_start",)
STARTS = 10
MOST_SECONDS = 0.5
ROOT = Path(__file__).resolve().parents[2]

WAYS = {
    "--help": (["--help"], 0),
    "enquiries list --help": (["enquiries", "list", "--help"], 0),
    "a call nobody answers": (["enquiries", "list"], 3),
}
"""What is given to the command, and the status it ends with."""


def run(_lab: Lab) -> list[Row]:
    """Start each a few times."""
    program = [sys.executable, "-m", "ops.cli"]
    took = {name: median([*program, *words], status) for name, (words, status) in WAYS.items()}
    bare = median([sys.executable, "-c", "pass"], 0)
    print(f"  {', '.join(f'{name}: {seconds:.2f} s' for name, seconds in took.items())}; bare Python: {bare:.3f} s")
    return rows_of(list(took.values()), bare)


def rows_of(took: Sequence[float], bare: float) -> list[Row]:
    """The row: the slowest way."""
    slowest = max(took)
    goal = Goal(f"under {MOST_SECONDS:g} s", slowest < MOST_SECONDS)
    return [Row(NAMES[0], "s", slowest, limit=bare, command=command_for(NAMES[0]), goal=goal)]


def median(command: Sequence[str], status: int) -> float:
    """The seconds that a command takes from its start to its end; raises RuntimeError where it ends otherwise."""
    return statistics.median(once(command, status) for _ in range(STARTS))


def once(command: Sequence[str], status: int) -> float:
    """One start. Nothing answers on the port that is asked."""
    env = {**os.environ, "KEYTALK_OPS_URL": "http://127.0.0.1:1", "KEYTALK_OPS_TOKEN": "a-token"}
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
    took = time.perf_counter() - begin
    if done.returncode != status:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr.decode().strip()}")
    return took
