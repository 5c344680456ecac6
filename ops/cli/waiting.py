"""Something to look at while a long piece of work goes on: on stderr, and only where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def working(words: str) -> Iterator[None]:
    """Show that something goes on whose end nobody can tell, and for how long it has."""
    if not _somebody_looks():
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - as below

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=_console(), transient=True) as progress:
        progress.add_task(words, total=None)
        yield


@contextmanager
def counting(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how much of `total` is done; gives what is to be told each new count."""
    if not _somebody_looks():
        yield _nobody_looks
        return
    from rich.progress import Progress  # noqa: PLC0415 - as below

    with Progress(console=_console(), transient=True) as progress:
        bar = progress.add_task(words, total=total)
        yield lambda done: progress.update(bar, completed=done)


def _console() -> Any:
    from rich.console import Console  # noqa: PLC0415 - only a long piece of work pays for rich

    return Console(stderr=True)


def _somebody_looks() -> bool:
    return sys.stderr.isatty()


def _nobody_looks(_done: int) -> None:
    """Tell nobody."""
