"""The websites that may send people here and have them back: which they are, and the way back."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode, urlsplit

_LONGEST = 2000


def is_welcome(origin: str | None, origins: Collection[str]) -> bool:
    """Say whether a post may come from `origin`. Not every client names one; a browser that does not say is no sign."""
    return origin is None or origin in origins


def way_back(address: str, origins: Collection[str]) -> str | None:
    """Give the address that somebody may be sent back to, or None where it is not on one of `origins`."""
    if not 0 < len(address) <= _LONGEST or not address.isascii() or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if f"{parts.scheme}://{parts.netloc}".lower() in origins else None


def with_reference(address: str, reference: str) -> str:
    """Give the address with `reference` added to its query."""
    parts = urlsplit(address)
    asked = [*parse_qsl(parts.query, keep_blank_values=True), ("reference", reference)]
    return parts._replace(query=urlencode(asked)).geturl()
