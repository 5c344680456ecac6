"""How many enquiries one address and one sender may post. `KEYTALK_INTAKE_LIMITS=off` leaves this out.

What is counted is kept in this process alone and bounded: the addresses that were quiet longest are forgotten first.
Senders are remembered by a digest that nobody else can make.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from limits import RateLimitItemPerMinute

from shared.clock import Clock
from shared.web.addresses import client_address, place_of
from shared.web.limits import MOST_KEPT, Limiter

ENQUIRIES = RateLimitItemPerMinute(60)
"""Enquiries from one address. A whole prison may share one; no one fills in a form every second."""
PAGES = RateLimitItemPerMinute(300)
"""Pages of the form from one address: an enquiry has eight."""
OF_A_SENDER = RateLimitItemPerMinute(10, multiples=10)
"""Enquiries under one email address."""

_FROM_AN_ADDRESS = (
    "Many enquiries have come from your network in the last minute. Nothing is lost on your side: please wait about "
    "a minute and send it again."
)
_FROM_A_SENDER = (
    "Several enquiries have come under this email address in the last minutes. Those we have are safe. Please wait "
    "about ten minutes before you send another, or add to the one you have by replying to our email."
)


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
        self._limiter = Limiter(clock, most_kept)
        self._salt = secrets.token_bytes(16)

    def admit_enquiry(self, environ: Mapping[str, Any]) -> None:
        """Count an enquiry from the address of this request. Raises `TooMany`."""
        self._limiter.admit(ENQUIRIES, f"enquiry {self._network_of(environ)}", _FROM_AN_ADDRESS)

    def admit_page(self, environ: Mapping[str, Any]) -> None:
        """Count a page of the form. Raises `TooMany`."""
        self._limiter.admit(PAGES, f"page {self._network_of(environ)}", _FROM_AN_ADDRESS)

    def admit_sender(self, email: str) -> None:
        """Count an enquiry under an email address. Raises `TooMany`."""
        digest = hashlib.blake2b(email.casefold().encode(), key=self._salt, digest_size=16).hexdigest()
        self._limiter.admit(OF_A_SENDER, f"sender {digest}", _FROM_A_SENDER)

    def _network_of(self, environ: Mapping[str, Any]) -> str:
        return place_of(client_address(environ, self._trusted))
