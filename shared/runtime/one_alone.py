"""A home that one process has to itself: the files in it are no broker, and no two processes may share them."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from shared.runtime.running import CannotStart

_held: list[IO[str]] = []
"""What keeps the lock: the operating system lets go of it when the process ends, however it does."""


def hold(home: Path) -> None:
    """Have a home for this process alone, until it ends. Raises `CannotStart` where another has it."""
    lock = (home / "keytalk.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        process = lock.read().strip()
        lock.close()
        raise CannotStart(
            f"Keytalk runs in {home} already{f' (process {process})' if process else ''}. Use that one, stop it first, "
            "or set KEYTALK_HOME to another folder."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    _held.append(lock)
