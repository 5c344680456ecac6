"""How facts are written in a message: dates, times, sums and people's own words. These are the filters of templates."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from shared.clock import LONDON, day_in_london

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# What mail programs turn into links: a scheme, www, or a dot straight before two letters.
LINK = re.compile(r"://|www\.|\.[a-z]{2,}|@", re.IGNORECASE)
LONGEST = 120
WIDEST = 76
"""Characters of a line of text: what a mail program shows whole, also where it is quoted."""


def date_words(iso: str) -> str:
    """Write a date as people say it: 2027-01-12 becomes Tuesday 12 January 2027."""
    day = date.fromisoformat(iso)
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def time_words(iso: str) -> str:
    """Write a local time as people say it: 13:45 becomes 1.45pm, 12:00 midday."""
    at = time.fromisoformat(iso)
    if at.minute == 0 and at.hour in {0, 12}:
        return "midday" if at.hour else "midnight"
    minutes = f".{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def moment_words(iso: str) -> str:
    """Write a moment as people in London say it: 2026-11-26T17:00:00+00:00 becomes Thursday 26 November 2026, 5pm."""
    local = datetime.fromisoformat(iso).astimezone(LONDON)
    return f"{day_words(iso)}, {time_words(local.time().isoformat('minutes'))}"


def day_words(iso: str) -> str:
    """Write the day in London of a moment: 2026-11-26T17:00:00+00:00 becomes Thursday 26 November 2026."""
    return date_words(day_in_london(datetime.fromisoformat(iso)).isoformat())


def money(total: int | str) -> str:
    """Write a sum as people say it: 400000 pence become £4,000. Words stay as they are."""
    if isinstance(total, str):
        return total
    pounds, pence = divmod(total, 100)
    return f"£{pounds:,}.{pence:02}" if pence else f"£{pounds:,}"


def paragraphs(words: str) -> list[list[str]]:
    """Give a person's words as paragraphs of lines; what parts two paragraphs is an empty line."""
    lines = [line.strip() for line in words.strip().splitlines()]
    return [list(block) for is_text, block in groupby(lines, key=bool) if is_text]


def wrapped(words: str) -> str:
    """Give a person's words with long lines broken between words, so that an address in them stays whole."""
    return "\n\n".join("\n".join(map(_broken, paragraph)) for paragraph in paragraphs(words))


def _broken(line: str) -> str:
    return textwrap.fill(line, WIDEST, break_long_words=False, break_on_hyphens=False)


def told_once(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the facts of a change with each session told once: one that takes the place of another as one that moved."""
    gone = {each["number"]: each for each in facts.get("cancelled", ())}
    instead = [each for each in facts.get("new", ()) if each["number"] in gone]
    if not instead:
        return facts
    numbers = {each["number"] for each in instead}
    moved = [*facts["moved"], *({**each, "was": gone[each["number"]]} for each in instead)]
    return {
        **facts,
        "cancelled": [each for each in facts["cancelled"] if each["number"] not in numbers],
        "moved": sorted(moved, key=lambda each: (each["number"], each["date"])),
        "new": [each for each in facts["new"] if each["number"] not in numbers],
    }


def minutes_earlier(iso: str, minutes: int) -> str:
    """Give the local time so many minutes before another on the same day, as HH:MM."""
    start = datetime.combine(date.min + timedelta(days=1), time.fromisoformat(iso))
    return (start - timedelta(minutes=minutes)).time().isoformat("minutes")


def number_words(number: int) -> str:
    """Write a number below ten as a word and any other in figures."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def paper_words(what: str) -> str:
    """Name what a facilitator has to renew: clearance, key training, insurance, accreditation."""
    return "key training" if what == "keys" else what


def plain(value: str | None, fallback: str = "") -> str:
    """Give somebody's words on one short line, or the fallback where they could become a link.

    The public form is open to anyone, and what is typed there goes to an address typed there.
    """
    words = " ".join(str(value or "").split())
    if not words or len(words) > LONGEST or LINK.search(words):
        return fallback
    return words


def covered(sessions: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Give the sessions that somebody new leads: nobody is missing."""
    return [session for session in sessions if not session.get("missing")]


def uncovered(sessions: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Give the sessions of which somebody who leads is missing."""
    return [session for session in sessions if session.get("missing")]


def most_missing(sessions: Iterable[Mapping[str, Any]]) -> int:
    """Give how many are missing of a session at most."""
    return max((int(session.get("missing") or 0) for session in sessions), default=0)


FILTERS: Mapping[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        *(date_words, time_words, moment_words, day_words, minutes_earlier, number_words, paper_words),
        *(plain, money, paragraphs, wrapped, covered, uncovered, most_missing),
    )
}
"""What a template may write facts with, by name."""
