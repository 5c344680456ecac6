"""How much of something one caller may do in a time, counted in this process alone and in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItem
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport
from limits.strategies import SlidingWindowCounterRateLimiter

from shared.clock import Clock
from shared.errors import Refused

MOST_KEPT = 20_000
"""Callers that are counted at once: those who were quiet longest are forgotten first."""


class TooMany(Refused):
    """It is too much for now; after `seconds` there is room again."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__("too_many_requests", detail)
        self.seconds = seconds


class Limiter:
    """Lets in so many in a time."""

    def __init__(self, clock: Clock, most_kept: int = MOST_KEPT) -> None:
        self.memory = BoundedMemory(clock, most_kept)
        self._limiter = SlidingWindowCounterRateLimiter(self.memory)

    def admit(self, rate: RateLimitItem, who: str, says: str) -> None:
        """Count one of `who`. Raises `TooMany` in the words `says` where that would be more than `rate`."""
        if not self._limiter.hit(rate, who):
            raise TooMany(says, self.memory.seconds_until_room(rate.key_for(who), rate.amount, rate.get_expiry()))


@dataclass(slots=True)
class _Window:
    """What one key had in the window that began at `start` and in the one before."""

    start: float
    count: int = 0
    before: int = 0


class BoundedMemory(Storage, SlidingWindowCounterSupport):
    """Counts in memory for `limits`, for `most_kept` keys at once and by a clock that is given.

    The library's own keeps as many keys as come, and looks through all of them every hundredth of a second.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most_kept: int) -> None:
        super().__init__()
        self._clock = clock
        self._most_kept = most_kept
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount`, unless that would be more than `limit` in the last `expiry` seconds."""
        window, part_before = self._window(key, expiry)
        if window.before * part_before + window.count + amount > limit:
            return False
        window.count += amount
        return True

    def seconds_until_room(self, key: str, limit: int, expiry: int) -> int:
        """Give the whole seconds after which one more is within `limit`."""
        window, part_before = self._window(key, expiry)
        if window.count < limit:
            part_with_room = (limit - 1 - window.count) / window.before if window.before else 1.0
            return ceil(max(0.0, part_before - part_with_room) * expiry)
        return ceil((part_before + 1 - (limit - 1) / window.count) * expiry)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Give the count before and the count now, each with the seconds it still matters."""
        window, part_before = self._window(key, expiry)
        left = part_before * expiry
        return window.before, left, window.count, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget one key."""
        self.clear(key)

    def _window(self, key: str, expiry: int) -> tuple[_Window, float]:
        """Give the window of now for a key, and how much of the one before still lies in the last `expiry` seconds."""
        now = self._clock().timestamp()
        start = now - now % expiry
        window = self._windows.pop(key, None) or _Window(start)
        if window.start != start:
            window.before = window.count if window.start == start - expiry else 0
            window.start, window.count = start, 0
        self._windows[key] = window
        if len(self._windows) > self._most_kept:
            self._windows.popitem(last=False)
        return window, 1 - (now - start) / expiry

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong here: nothing."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount`, whatever there was before."""
        window, _ = self._window(key, expiry)
        window.count += amount
        return window.count

    def get(self, key: str) -> int:
        """Give the count of the window that was last counted in."""
        return self._windows[key].count if key in self._windows else 0

    def get_expiry(self, key: str) -> float:
        """Give when the window that was last counted in began."""
        return self._windows[key].start if key in self._windows else 0.0

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        kept = len(self._windows)
        self._windows.clear()
        return kept

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._windows.pop(key, None)
