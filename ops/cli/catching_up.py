"""Waiting, after an import, until the enquiries service has heard of every establishment in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ops.cli.client import CommandRefused, Gateway
from ops.cli.output import note
from ops.cli.waiting import counting

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.2
SHORTEST_CALL_SECONDS = 1.0


def wait_for_enquiries(gateway: Gateway, versions: dict[str, int]) -> None:
    """Return once enquiries knows these versions of establishments, or when patience ends, with a note why.

    Nothing is lost either way: the import is stored, and the news of it waits in scheduling's outbox.
    """
    if not versions:
        return
    unsettled = _watch(gateway, versions)
    if unsettled:
        note(
            f"The import is stored. Enquiries has not caught up yet ({unsettled}); it will arrive by itself, "
            "and nothing needs doing again."
        )


def _watch(gateway: Gateway, versions: dict[str, int]) -> str:
    """Ask until all have arrived; give an empty text then, else how things stood at the last asking."""
    with counting("Enquiries is catching up", len(versions)) as tell:
        return _poll(gateway, versions, tell)


def _poll(gateway: Gateway, versions: dict[str, int], report: Callable[[int], None]) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        left = max(deadline - time.monotonic(), SHORTEST_CALL_SECONDS)
        arrived, standing = _ask(replace(gateway, timeout=left), versions)
        if not standing:
            return ""
        report(arrived)
        if time.monotonic() + PAUSE_SECONDS >= deadline:
            return standing
        time.sleep(PAUSE_SECONDS)


def _ask(gateway: Gateway, versions: dict[str, int]) -> tuple[int, str]:
    """Give how many have arrived, and in words what is still open (empty when nothing is).

    A service that does not answer at this moment is a reason to ask again, not to stop: the import itself
    is done.
    """
    try:
        count = gateway.call("enquiries", "count_establishments_at", versions=versions)
    except CommandRefused as refusal:
        return 0, refusal.sentence.rstrip(".")
    arrived, of = count["caught_up"], count["of"]
    return arrived, "" if arrived >= of else f"{arrived} of {of} so far"
