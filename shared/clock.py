"""Where the time comes from. Rules take it as an argument; only the edges ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

Clock = Callable[[], datetime]


def machine_clock() -> datetime:
    """Give the machine's time as an aware UTC datetime."""
    return datetime.now(UTC)


def fixed_clock(at: datetime) -> Clock:
    """Give a clock that stands still at an aware datetime."""
    if at.tzinfo is None:
        raise ValueError("a clock needs an aware datetime: add a time zone")
    return lambda: at


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 moment; without an offset it is local time in London. Raise ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LONDON)
    return moment.astimezone(UTC)
