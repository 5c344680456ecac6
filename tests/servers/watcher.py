"""Ends the process groups and removes the folders named on standard input, once that input ends.

Run as a process of its own, beside the tests: its input ends when they do, however they do.
"""

import os
import shutil
import signal
import sys
import time


def groups_left(groups: set[int], sent: int) -> set[int]:
    """Send a signal to each group; give those that still exist."""
    left = set()
    for group in groups:
        try:
            os.killpg(group, sent)
        except OSError:
            continue
        left.add(group)
    return left


def end_groups(groups: set[int]) -> None:
    """Ask politely, wait up to five seconds, then insist."""
    groups_left(groups, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and groups_left(groups, 0):
        time.sleep(0.05)
    groups_left(groups, signal.SIGKILL)


def main() -> None:
    """Keep the list of what is to be ended until the input ends, then end it."""
    held: dict[str, set[str]] = {"group": set(), "folder": set()}
    for line in sys.stdin:
        sign, kind, name = line.rstrip("\n").split(" ", 2)
        (held[kind].add if sign == "+" else held[kind].discard)(name)
    end_groups({int(group) for group in held["group"]})
    for folder in held["folder"]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
