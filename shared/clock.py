"""Where the time comes from. Rules take it as an argument; only the edges ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

Clock = Callable[[], datetime]

NO_OTHER_TIME = (
    "Another time can be played only where nothing real goes out: in the embedded mode, while neither KEYTALK_SMTP_URL "
    "nor KEYTALK_ALERT_URLS is set, and in tests (KEYTALK_TESTING=on). Otherwise what is due then would be sent now."
)
"""What somebody is told who asks for that elsewhere: see `Settings.may_play_time`."""


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


def day_in_london(moment: datetime) -> date:
    """Give the day that it is in London at a moment: what people mean by today."""
    return moment.astimezone(LONDON).date()
