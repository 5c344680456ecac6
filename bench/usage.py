"""What a process uses: memory and processor time, its children included."""

from typing import Any


def memory_mb(pid: int) -> float:
    """The resident memory of a process and its children, in millions of bytes."""
    return sum(one.memory_info().rss for one in _family(pid)) / 1e6


def cpu_seconds(pid: int) -> float:
    """The processor time that a process and its children have taken so far (user and system), in seconds."""
    times = [one.cpu_times() for one in _family(pid)]
    return sum(one.user + one.system for one in times)


def _family(pid: int) -> list[Any]:
    import psutil  # noqa: PLC0415 - only the bench installs it, and the tests read the figures without it

    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
