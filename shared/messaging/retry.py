"""When a message that could not be handled is tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Growing delays, spread by up to a fifth so that twins do not come back together.

    After the last one the message is dead, or with `last_repeats` the last delay comes again and again.
    """

    delays: tuple[timedelta, ...] = (
        timedelta(seconds=1),
        timedelta(seconds=5),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(hours=1),
        timedelta(hours=6),
    )
    last_repeats: bool = False

    def delay(self, attempts: int, chance: Callable[[], float]) -> timedelta | None:
        """Give the wait after `attempts` tries (1 or more), or None when it has had its last.

        `chance` gives a number from 0 to 1, as `random.random` does.
        """
        if attempts > len(self.delays) and not self.last_repeats:
            return None
        return self.delays[min(attempts, len(self.delays)) - 1] * (1 + chance() / 5)
