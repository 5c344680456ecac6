"""The figures, one module each, in the order they run.

A figure has `NAMES`, the rows it makes, and `run(lab)`, which measures and gives them. A new one is added here.
"""

from collections.abc import Sequence
from typing import Protocol

from bench.figures import (
    backlog,
    cli_start,
    console,
    consume,
    due,
    enquiry_latency,
    exactly_once,
    finding,
    idle,
    intake,
    latency,
    relay,
    scheduling,
    sending,
    startup,
)
from bench.lab import Lab
from bench.rows import Row


class Figure(Protocol):
    """What a module of this package offers."""

    NAMES: tuple[str, ...]

    def run(self, lab: Lab) -> list[Row]:
        """Measure, and give a row for each of `NAMES`."""


FIGURES: tuple[Figure, ...] = (
    intake,
    relay,
    consume,
    latency,
    enquiry_latency,
    backlog,
    idle,
    startup,
    cli_start,
    finding,
    scheduling,
    console,
    sending,
    due,
    exactly_once,
)


def choose(only: str | None, figures: Sequence[Figure] = FIGURES) -> list[Figure]:
    """The figures that make one of the comma-separated rows in `only`, or all when it is empty.

    Raises ValueError, with the names there are, for a name that no figure makes.
    """
    wanted = {name.strip() for name in (only or "").split(",") if name.strip()}
    known = {name for figure in figures for name in figure.NAMES}
    if wanted - known:
        raise ValueError(f"no figure makes {', '.join(sorted(wanted - known))}; there are {', '.join(sorted(known))}")
    return [figure for figure in figures if not wanted or wanted & set(figure.NAMES)]
