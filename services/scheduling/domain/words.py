"""Dates, times and counts as a person would say them."""

from __future__ import annotations

import datetime as dt

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def in_words(on: dt.date) -> str:
    """Write a date as "19 March 2027", whatever the machine's language."""
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def counted(number: int, thing: str) -> str:
    """Write "1 session" or "16 sessions"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(items: list[str] | tuple[str, ...]) -> str:
    """Write "a", "a and b", or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""
