"""Dates, times and counts as a person would say them."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


# A letter, four digits and two letters (A1234BC): the shape in HMPPS's public test data. It is written with gaps too.
_PRISON_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][ -]?[0-9]{4}[ -]?[A-Za-z]{2}(?![A-Za-z0-9])")


def has_prison_number(text: str) -> bool:
    """Say whether a text holds what looks like somebody's prison number: nothing here is ever about one person inside.

    >>> has_prison_number("agreed for A1234BC"), has_prison_number("agreed on 12 January 2027")
    (True, False)
    """
    return _PRISON_NUMBER.search(text) is not None


@lru_cache(maxsize=4096)
def in_words(on: dt.date) -> str:
    """Write a date as "19 March 2027", whatever the machine's language."""
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def counted(number: int, thing: str) -> str:
    """Write "1 session" or "16 sessions"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(items: list[str] | tuple[str, ...]) -> str:
    """Write "a", "a and b", or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""
