"""Days and times as enquirers write them, read only where there is no doubt.

A planner may start from what is read here; the rest stays in the enquirer's own words for a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, cast

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Window = Literal["am", "pm"]

_DAYS = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:s|rs?|sdays?|nesdays?|rsdays?|urdays?|days?)?\b", re.IGNORECASE)
# "9am" and "1.45pm" count; the "am" of "I am flexible" does not.
_WINDOWS = re.compile(
    r"\b(?:(?P<am>mornings?)|(?P<pm>afternoons?))\b"
    r"|(?<![a-z])(?<!\bi )(?:(?P<ante>a\.?m)|(?P<post>p\.?m))(?![a-z])",
    re.IGNORECASE,
)
# A day that is named only to be left out is no preference.
_LEFT_OUT = re.compile(r"\b(?:not|no|never|except|excluding|but|avoid|without|cannot|can['’]t)\b", re.IGNORECASE)


def preferred_weekday(text: str) -> Weekday | None:
    """Give the one weekday `text` asks for ("Tuesdays, from January"), or None where that is unclear."""
    named = {found[1].lower() for found in _DAYS.finditer(text)}
    return cast(Weekday, named.pop()) if _is_plain(text, named) else None


def preferred_window(text: str) -> Window | None:
    """Give `am` or `pm` where `text` asks for exactly one of them ("Tuesday mornings"), otherwise None."""
    named = {_window_of(found) for found in _WINDOWS.finditer(text)}
    return named.pop() if _is_plain(text, named) else None


def _window_of(found: re.Match[str]) -> Window:
    return "am" if found["am"] or found["ante"] else "pm"


def _is_plain(text: str, named: Collection[str]) -> bool:
    return len(named) == 1 and not _LEFT_OUT.search(text)
