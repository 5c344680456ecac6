"""Bars of a chart as whole numbers for an SVG: a page may carry no style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LONGEST = 400
"""Units of the longest bar."""


class Bar(NamedTuple):
    """One bar: what it stands for, how many, and how long it is drawn."""

    label: str
    number: int
    length: int


def across(counts: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """Lay out bars across, the longest for the most; what is there at all is at least two units long."""
    most = max((count for _, count in counts), default=0)
    return tuple(Bar(label, count, max(2, count * LONGEST // most) if count else 0) for label, count in counts)
