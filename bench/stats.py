"""The arithmetic of the figures: percentiles, and the summary of several rounds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` per cent of `values` do not exceed (nearest rank).

    Takes the values in any order and unit; raises ValueError when there are none or `percent` is not in 0..100.
    """
    if not values:
        raise ValueError("a percentile needs at least one value")
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is not between 0 and 100")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


@dataclass(frozen=True)
class Rounds:
    """One figure measured several times: the median is reported, the extremes show how noisy it was."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a figure needs at least one round")

    @property
    def median(self) -> float:
        """The figure that is reported."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The lowest round."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The highest round."""
        return max(self.values)

    def __str__(self) -> str:
        return f"{self.median:,.1f} (rounds from {self.low:,.1f} to {self.high:,.1f})"
