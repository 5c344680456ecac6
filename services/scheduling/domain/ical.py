"""A calendar feed as text (RFC 5545): one event a session, under an id that stays.

The lines are written here and not by the `icalendar` library: for 1,000 sessions that takes it a third of a second,
and a feed is asked for again and again. A test holds that the library reads and writes the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from uuid import UUID

Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]

UID_DOMAIN = "keytalk"
"""What follows the session's id in its UID, here and in the files that go with mails: both name the same event."""

_LONGEST = 75
"""Octets of a line, without its end."""

_HEAD = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Keytalk//Keytalk//EN
CALSCALE:GREGORIAN
"""

# How often to look again: what mail programs of different makers read.
_TIMES = """\
REFRESH-INTERVAL;VALUE=DURATION:PT1H
X-PUBLISHED-TTL:PT1H
"""

# By rule, and with each change at the wall time it is made at: 01:00 in spring, 02:00 in autumn.
_LONDON = """\
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
DTSTART:19960331T010000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZNAME:BST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZNAME:GMT
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
"""

_ESCAPES = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})
# Control characters and the separators that some programs take for line ends have no place in a calendar.
_DROPPED = dict.fromkeys([*range(10), *range(11, 32), *range(127, 160), 0x2028, 0x2029])


@dataclass(frozen=True, slots=True)
class Entry:
    """One session as a calendar shows it, in London's wall time. `changed_at` is in UTC, to the second.

    `revision` is the event's SEQUENCE. A name may hold any character: it cannot end its line.
    """

    id: UUID
    revision: int
    status: Status
    date: dt.date
    start: dt.time
    end: dt.time
    title: str
    place: str
    words: tuple[str, ...]
    changed_at: dt.datetime


def feed_text(name: str, entries: Iterable[Entry]) -> str:
    """Give the text of a feed called `name`: lines folded and ended as the format asks, the same for the same facts."""
    shown = _line("NAME", name) + _line("X-WR-CALNAME", name)
    head = f"{_HEAD}{shown}{_TIMES}{_LONDON}"
    return f"{head}{''.join(map(_event, entries))}END:VCALENDAR\n".replace("\n", "\r\n")


def _event(entry: Entry) -> str:
    stamp = entry.changed_at.strftime("%Y%m%dT%H%M%SZ")
    # Nothing the free time of a cancelled session is taken by.
    busy = "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE"
    return (
        f"BEGIN:VEVENT\nUID:{entry.id}@{UID_DOMAIN}\nSEQUENCE:{entry.revision}\nDTSTAMP:{stamp}\n"
        f"LAST-MODIFIED:{stamp}\nDTSTART;TZID=Europe/London:{_local(entry.date, entry.start)}\n"
        f"DTEND;TZID=Europe/London:{_local(entry.date, entry.end)}\n{_line('SUMMARY', entry.title)}"
        f"{_line('LOCATION', entry.place)}{_line('DESCRIPTION', chr(10).join(entry.words))}"
        f"STATUS:{entry.status}\nTRANSP:{busy}\nEND:VEVENT\n"
    )


def _local(day: dt.date, at: dt.time) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}T{at.hour:02}{at.minute:02}{at.second:02}"


@lru_cache(maxsize=4096)
def _line(name: str, words: str) -> str:
    """Give a line of text, or several that are folded. Places and programmes come again, so they are kept."""
    line = f"{name}:{words.translate(_DROPPED).translate(_ESCAPES)}"
    if len(line) <= _LONGEST and line.isascii():
        return f"{line}\n"
    return "\n ".join(_folded(line)) + "\n"


def _folded(line: str) -> Iterator[str]:
    """Cut a line where its octets reach the limit, never inside a character; what follows begins with a space."""
    piece, size, room = "", 0, _LONGEST
    for character in line:
        octets = len(character.encode())
        if size + octets > room:
            yield piece
            piece, size, room = "", 0, _LONGEST - 1
        piece += character
        size += octets
    yield piece
