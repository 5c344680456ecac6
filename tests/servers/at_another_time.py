"""`keytalk` as if it had been started at another moment, from which its clock runs on: the moment, then the command.

python -m tests.servers.at_another_time 2026-12-14T10:00+00:00 up --demo
"""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, datetime

import shared.clock


def main() -> None:
    """Set the clock, then run the command. Whoever asks the machine for the time does so through `shared.clock`."""
    then, began = datetime.fromisoformat(sys.argv.pop(1)), datetime.now(UTC)
    shared.clock.machine_clock = lambda: then + (datetime.now(UTC) - began)
    # Loaded only now: whoever takes the clock as it is loaded gets this one.
    importlib.import_module("ops.cli.__main__").main()


if __name__ == "__main__":
    main()
