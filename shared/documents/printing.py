"""Has a paper made beside this process, so that its event loop goes on turning and its memory stays what it was."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any

from shared.errors import Refused

MOST_AT_ONCE = 2
PATIENCE = 30.0
"""Seconds to wait for a paper, and for a free press."""

_log = logging.getLogger(__name__)
_presses = BoundedSemaphore(MOST_AT_ONCE)


def print_paper(module: str, said: Mapping[str, Any]) -> bytes:
    """Make the PDF of a paper: `module`, run by itself, reads what the paper says as JSON and writes the PDF.

    Raises `Refused("unavailable")` where it cannot.
    """
    if not _presses.acquire(timeout=PATIENCE):
        raise _not_now()
    try:
        return _made(module, json.dumps(said).encode())
    finally:
        _presses.release()


def _made(module: str, said: bytes) -> bytes:
    command = [sys.executable, "-m", module]
    try:
        done = subprocess.run(command, input=said, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.error("a paper was not made", extra={"paper": module, "error": type(error).__name__})
        raise _not_now() from None
    if done.returncode:
        # Its own words may quote the paper.
        _log.error("a paper was not made", extra={"paper": module, "status": done.returncode})
        raise _not_now()
    return done.stdout


def _not_now() -> Refused:
    return Refused("unavailable", "The PDF cannot be made just now. Please try again in a minute.")
