"""Runs a `keytalk` command that kills itself at a point: `python -m tests.faults.killing POINT N -- serve enquiries`.

The product knows nothing of it: the function that the point names is wrapped before the command runs, and its Nth
call ends the process as a power cut would, just before the call or just after it.
"""

from __future__ import annotations

import shared.runtime.green  # noqa: F401 isort: skip - before everything else, as `keytalk serve` does

import sys

from ops.cli.__main__ import main as run_keytalk
from tests.faults.points import POINTS, arm


def main() -> None:
    """Arm the point that the command line names, then run the rest of it."""
    name, count, _dashes, *command = sys.argv[1:]
    arm(POINTS[name], int(count))
    sys.argv[:] = ["keytalk", *command]
    run_keytalk()


if __name__ == "__main__":
    main()
