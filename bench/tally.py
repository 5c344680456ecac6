"""Counts what a process has committed, and gives its rate: the one stopwatch that we and the peers all use.

A note is taken right after a commit returned, on the process's monotonic clock. So the first commit that counts and
the last are both whole, whatever the size of a batch.
"""

import time
from collections.abc import Sequence
from itertools import pairwise

WARMUP = 0.15
"""The share of the events that is done before the clock starts."""

Note = tuple[float, int]
"""Seconds of a monotonic clock, and how many were committed by then."""


class Tally:
    """How many of `total` are committed, and when."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.count = 0
        self.notes: list[Note] = []

    @property
    def complete(self) -> bool:
        """Whether all of them are committed."""
        return self.count >= self.total

    def add(self, number: int) -> None:
        """Note `number` more, right after their commit."""
        self.count += number
        self.notes.append((time.monotonic(), self.count))

    def summary(self) -> dict[str, object]:
        """What a process of the bench prints: the rate after the warm-up, in events a second."""
        return {"count": self.count, "rate": rate(self.notes, int(self.total * WARMUP))}


def rate(notes: Sequence[Note], warmup: int) -> float:
    """Events a second, from the first commit by which `warmup` were done to the last commit.

    Raises ValueError when nothing was committed after the warm-up.
    """
    begin = _first(notes, max(1, warmup))
    seconds = notes[-1][0] - begin[0]
    if seconds <= 0:
        raise ValueError(f"nothing was committed after the warm-up of {warmup}")
    return (notes[-1][1] - begin[1]) / seconds


def slices(notes: Sequence[Note], parts: int) -> list[float]:
    """Events a second in each of `parts` stretches of about the same number of events, in the order they were done.

    A stretch ends with the commit that fills it. Raises ValueError when a stretch has no commit of its own.
    """
    total = notes[-1][1]
    ends = [notes[0], *(_first(notes, total * part / parts) for part in range(1, parts + 1))]
    pairs = list(pairwise(ends))
    if any(end[0] <= begin[0] for begin, end in pairs):
        raise ValueError(f"{len(notes)} commits are too few to be cut into {parts} stretches")
    return [(end[1] - begin[1]) / (end[0] - begin[0]) for begin, end in pairs]


def _first(notes: Sequence[Note], count: float) -> Note:
    for note in notes:
        if note[1] >= count:
            return note
    raise ValueError(f"{notes[-1][1] if notes else 0} were committed, {count:g} were wanted")
