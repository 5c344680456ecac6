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
class Window:
    """What one key had in the window that began at `start` and in the one before; both slide over the last seconds."""

    start: float
    count: int = 0
    before: int = 0

    def move_on(self, now: float, expiry: int) -> float:
        """Go on to the window of now; give how much of the one before still lies in the last `expiry` seconds."""
        start = now - now % expiry
        if self.start != start:
            self.before = self.count if self.start == start - expiry else 0
            self.start, self.count = start, 0
        return 1 - (now - start) / expiry

    def has_room(self, limit: int, part_before: float, amount: int = 1) -> bool:
        """Say whether `amount` more are within `limit`."""
        return self.before * part_before + self.count + amount <= limit

    def seconds_until_room(self, limit: int, expiry: int, part_before: float) -> int:
        """Give the whole seconds after which one more is within `limit`."""
        if self.count < limit:
            part_with_room = (limit - 1 - self.count) / self.before if self.before else 1.0
            return ceil(max(0.0, part_before - part_with_room) * expiry)
        return ceil((part_before + 1 - (limit - 1) / self.count) * expiry)


class BoundedMemory(Storage, SlidingWindowCounterSupport):
    """Counts in memory for `limits`, for `most_kept` keys at once and by a clock that is given.

    The library's own keeps as many keys as come, and looks through all of them every hundredth of a second.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most_kept: int) -> None:
        super().__init__()
        self._clock = clock
        self._most_kept = most_kept
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount`, unless that would be more than `limit` in the last `expiry` seconds."""
        window, part_before = self._window(key, expiry)
        if not window.has_room(limit, part_before, amount):
            return False
        window.count += amount
        return True

    def seconds_until_room(self, key: str, limit: int, expiry: int) -> int:
        """Give the whole seconds after which one more is within `limit`."""
        window, part_before = self._window(key, expiry)
        return window.seconds_until_room(limit, expiry, part_before)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Give the count before and the count now, each with the seconds it still matters."""
        window, part_before = self._window(key, expiry)
        left = part_before * expiry
        return window.before, left, window.count, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget one key."""
        self.clear(key)

    def _window(self, key: str, expiry: int) -> tuple[Window, float]:
        """Give the window of now for a key, and how much of the one before still lies in the last `expiry` seconds."""
        now = self._clock().timestamp()
        window = self._windows.pop(key, None) or Window(now - now % expiry)
        part_before = window.move_on(now, expiry)
        self._windows[key] = window
        if len(self._windows) > self._most_kept:
            self._windows.popitem(last=False)
        return window, part_before

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
