"""One sender as a process of its own: sends what is due at a ledger, and prints how many messages a second.

    python -m bench.sending DATABASE SMTP_URL WARMUP

The owners of the people answer in the process itself: what is timed is claiming, rendering, handing over and recording.
"""

from __future__ import annotations

import shared.runtime.green  # noqa: F401 isort: skip - before everything else, as `keytalk serve` does

import json
import sys
import time
from contextlib import suppress
from itertools import count

from shared.messaging.jobs import NotFinished
from tests.faults.desk import NOON, Desk


def main() -> None:
    """Send the first ones untimed, then time the rest."""
    database, smtp, warmup = sys.argv[1:]
    with Desk(database, smtp) as desk:
        sender = desk.sender()
        sent = count(sender.at_once, sender.at_once)
        with suppress(NotFinished):
            sender.send_due(NOON, stopping=lambda: next(sent) >= int(warmup))
        before, begin = desk.states["accepted"], time.perf_counter()
        sender.send_due(NOON)
        seconds = time.perf_counter() - begin
        done = desk.states["accepted"]
    print(json.dumps({"count": done, "rate": (done - before) / seconds}))


if __name__ == "__main__":
    main()
