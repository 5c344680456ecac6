"""Keys that open a door: made at random, shown once, and kept as a hash only."""

from __future__ import annotations

import hashlib
import secrets

BYTES = 32
"""Of chance in each key. With so many a fast hash is enough: there is nothing to guess."""


def new_key(prefix: str = "") -> str:
    """Make a key, in letters that an address and a header take; `prefix` tells what it is for."""
    return prefix + secrets.token_urlsafe(BYTES)


def hashed(key: str) -> str:
    """Give what is kept of a key: its SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
