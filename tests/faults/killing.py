"""Runs a `keytalk` command that kills itself at a point: `python -m tests.faults.killing POINT N -- serve enquiries`.

The product knows nothing of it: the function that the point names is wrapped before the command runs, and its Nth
call ends the process as a power cut would, just before the call or just after it.
"""

from __future__ import annotations

import shared.runtime.green  # noqa: F401 isort: skip - before everything else, as `keytalk serve` does

import functools
import importlib
import itertools
import os
import signal
import sys
from typing import Any

from ops.cli.__main__ import main as run_keytalk
from tests.faults.points import POINTS, Point


def arm(point: Point, count: int) -> None:
    """Wrap the function of a point."""
    holder: Any = importlib.import_module(point.module)
    *way, name = point.function.split(".")
    for step in way:
        holder = getattr(holder, step)
    function = getattr(holder, name)
    calls = itertools.count(1)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        is_the_one = next(calls) == count
        if is_the_one and point.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **kwargs)
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, name, wrapped)


def main() -> None:
    """Arm the point that the command line names, then run the rest of it."""
    name, count, _dashes, *command = sys.argv[1:]
    arm(POINTS[name], int(count))
    sys.argv[:] = ["keytalk", *command]
    run_keytalk()


if __name__ == "__main__":
    main()
