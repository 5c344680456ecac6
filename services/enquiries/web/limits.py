"""How many enquiries one address and one sender may post. `KEYTALK_INTAKE_LIMITS=off` leaves this out.

What is counted is kept in this process alone and bounded: the addresses that were quiet longest are forgotten first.
Senders are remembered by a digest that nobody else can make.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport
from limits.strategies import SlidingWindowCounterRateLimiter

from shared.clock import Clock
from shared.errors import Refused
from shared.web.addresses import client_address

ENQUIRIES = RateLimitItemPerMinute(60)
"""Enquiries from one address. A whole prison may share one; no one fills in a form every second."""
PAGES = RateLimitItemPerMinute(300)
"""Pages of the form from one address: an enquiry has eight."""
OF_A_SENDER = RateLimitItemPerMinute(10, multiples=10)
"""Enquiries under one email address."""

MOST_KEPT = 20_000

_FROM_AN_ADDRESS = (
    "Many enquiries have come from your network in the last minute. Nothing is lost on your side: please wait about "
    "a minute and send it again."
)
_FROM_A_SENDER = (
    "Several enquiries have come under this email address in the last minutes. Those we have are safe. Please wait "
    "about ten minutes before you send another, or add to the one you have by replying to our email."
)


class TooMany(Refused):
    """It is too much for now; after `seconds` there is room again."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__("too_many_requests", detail)
        self.seconds = seconds


class Gate(Protocol):
    """Lets posts in, or raises `TooMany`."""

    def admit_enquiry(self, environ: Mapping[str, Any]) -> None:
        """Count an enquiry from the address of this request."""

    def admit_page(self, environ: Mapping[str, Any]) -> None:
        """Count a page of the form, sent from the address of this request."""

    def admit_sender(self, email: str) -> None:
        """Count an enquiry under an email address."""


class OpenGate:
    """Lets everything in."""

    def admit_enquiry(self, environ: Mapping[str, Any]) -> None:
        """Let it in."""

    def admit_page(self, environ: Mapping[str, Any]) -> None:
        """Let it in."""

    def admit_sender(self, email: str) -> None:
        """Let it in."""


OPEN = OpenGate()


class Limits:
    """Lets in so many in a time. `trusted_proxies` are the networks whose word on the client's address counts."""

    def __init__(self, trusted_proxies: tuple[str, ...], clock: Clock, most_kept: int = MOST_KEPT) -> None:
        self._trusted = trusted_proxies
        self._memory = BoundedMemory(clock, most_kept)
        self._limiter = SlidingWindowCounterRateLimiter(self._memory)
        self._salt = secrets.token_bytes(16)

    def admit_enquiry(self, environ: Mapping[str, Any]) -> None:
        """Count an enquiry from the address of this request. Raises `TooMany`."""
        self._admit(ENQUIRIES, f"enquiry {self._network_of(environ)}", _FROM_AN_ADDRESS)

    def admit_page(self, environ: Mapping[str, Any]) -> None:
        """Count a page of the form. Raises `TooMany`."""
        self._admit(PAGES, f"page {self._network_of(environ)}", _FROM_AN_ADDRESS)

    def admit_sender(self, email: str) -> None:
        """Count an enquiry under an email address. Raises `TooMany`."""
        digest = hashlib.blake2b(email.casefold().encode(), key=self._salt, digest_size=16).hexdigest()
        self._admit(OF_A_SENDER, f"sender {digest}", _FROM_A_SENDER)

    def _admit(self, rate: RateLimitItem, who: str, says: str) -> None:
        if not self._limiter.hit(rate, who):
            raise TooMany(says, self._memory.seconds_until_room(rate.key_for(who), rate.amount, rate.get_expiry()))

    def _network_of(self, environ: Mapping[str, Any]) -> str:
        """Give what counts as one place: an IPv4 address, or the /64 that one IPv6 subscriber has to choose from."""
        address = client_address(environ, self._trusted)
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return address[:64]
        if isinstance(found, ipaddress.IPv4Address):
            return str(found)
        return str(found.ipv4_mapped or found.packed[:8].hex())


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
