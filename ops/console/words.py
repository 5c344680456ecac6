"""How the console writes what services give: times as people say them, money, and what a state is called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from flask import Flask

from ops.telling import letter_name, plain
from shared.clock import LONDON

_HOUR, _DAY = 3600, 86_400


def moment(value: str | datetime | None) -> str:
    """Write an instant as local time: `Tue 12 Jan 2027, 13:45`; what is no instant is given as it came."""
    at = _read(value)
    if at is None:
        return str(value or "")
    local = at.astimezone(LONDON)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def day(value: str | date | None) -> str:
    """Write a date: `Tue 12 Jan 2027`."""
    try:
        on = date.fromisoformat(str(value)[:10])
    except ValueError:
        return str(value or "")
    return f"{on:%a} {on.day} {on:%b %Y}"


def month(value: str) -> str:
    """Write a month that is given as `2027-01`: `Jan 2027`; what is no month stays as it is."""
    try:
        return f"{date.fromisoformat(f'{value}-01'):%b %Y}"
    except ValueError:
        return value


def ago(value: str | datetime | None, now: datetime) -> str:
    """Write how long ago an instant is, or how far ahead, in the one unit that people would say."""
    at = _read(value)
    if at is None:
        return ""
    seconds = (now - at).total_seconds()
    words = _span(abs(seconds))
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def _span(seconds: float) -> str:
    for unit, size in (("day", _DAY), ("hour", _HOUR), ("minute", 60)):
        count = int(seconds // size)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def listed(words: Iterable[str]) -> str:
    """Write several as people say them: "Ana, Tom and Lee"; nothing of none."""
    *those, last = (*words,) or ("",)
    return f"{', '.join(those)} and {last}" if those else last


_OFFSET_UNITS = {
    "d": ("day", "days"),
    "wd": ("working day", "working days"),
    "w": ("week", "weeks"),
    "m": ("month", "months"),
}


def offset(text: str) -> str:
    """Write a span of time as people say it: `5d` is "5 days", `3wd` is "3 working days"; another is given as it is."""
    count = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    one, many = _OFFSET_UNITS.get(text[len(count) :], (None, None))
    if one is None or not count.isdecimal():
        return text
    return f"{count} {one if count == '1' else many}"


def pounds(pence: int | None) -> str:
    """Write money."""
    if pence is None:
        return ""
    whole, rest = divmod(abs(int(pence)), 100)
    return f"{'-' if pence < 0 else ''}£{whole:,}.{rest:02}"


def _read(value: str | datetime | None) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def mount_filters(app: Flask, clock: Any) -> None:
    """Give the templates these words as filters, each by its name."""
    for words in (moment, day, month, plain, pounds, letter_name, listed, offset):
        app.add_template_filter(words, words.__name__)
    app.add_template_filter(lambda value: ago(value, clock()), "ago")
