"""Taking a step beside what is in hand, such as preparing the next messages while these ones go out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

_Found = TypeVar("_Found")


def beside(step: Callable[[], _Found]) -> Future[_Found]:
    """Begin a step in a thread of its own (a green one where the process is), and give what will come of it.

    The step knows of the same context, such as what its log lines name. Its result, or what it raised, is the future's.
    """
    future, context = Future[_Found](), copy_context()

    def take() -> None:
        try:
            future.set_result(context.run(step))
        except Exception as fault:
            future.set_exception(fault)

    threading.Thread(target=take, daemon=True).start()
    return future


def together(steps: Sequence[Callable[[], _Found]]) -> list[_Found | Exception]:
    """Take several steps at once, the last one in this thread; give what came of each, or what it raised."""
    if not steps:
        return []
    *others, own = steps
    begun = [beside(partial(or_fault, step)) for step in others]
    found = or_fault(own)
    return [*(each.result() for each in begun), found]


def or_fault(step: Callable[..., _Found], *given: Any) -> _Found | Exception:
    """Take a step for one of several, of which none is to be kept from going on by the fault of another."""
    try:
        return step(*given)
    except Exception as fault:
        return fault
