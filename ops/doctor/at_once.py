"""Doing several things side by side, each with its end: none of them can hold up the others, nor the process's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Stands for the result of something that did not end in time, or that raised: `why` follows "because"."""

    why: str


def all_at_once(things: Mapping[str, Callable[[], Any]], within: float) -> dict[str, Any]:
    """Do all these things and give what came of each, by name: its result, or `NoAnswer`, after `within` seconds."""
    results: dict[str, Any] = {}
    threads = [
        threading.Thread(target=_do, args=(name, thing, results), daemon=True, name=f"doctor: {name}")
        for name, thing in things.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = NoAnswer(f"there was no answer within {within:.0f} seconds")
    return {name: results.get(name, late) for name in things}


def _do(name: str, thing: Callable[[], Any], results: dict[str, Any]) -> None:
    try:
        results[name] = thing()
    except Exception as error:
        # By its kind only: its words may hold an address with its password.
        results[name] = NoAnswer(f"of a fault in looking: {type(error).__name__}")
