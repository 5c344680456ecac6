"""Where the bars of a Gantt lie: whole numbers for an SVG, reckoned here, since pages carry no style of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DAY = 6
"""Units a day."""
ROW, BAR, TOP, NAMES = 30, 18, 28, 210
"""Units: the height of a row and of a bar, the room for the months above, and for names beside."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One run: where it lies, what it is, and its sessions as one path of dots for each state."""

    x: int
    y: int
    width: int
    run: Mapping[str, Any]
    dots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its name, where it lies, its bars, and the spans on which the place is closed (x, width, why)."""

    name: str
    y: int
    height: int
    bars: tuple[Bar, ...]
    closed: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A Gantt: its size, its lines, and where each month begins (x, name)."""

    width: int
    height: int
    lines: tuple[Line, ...] = ()
    months: tuple[tuple[int, str], ...] = field(default=())


def draw(rows: Sequence[Mapping[str, Any]], start: dt.date, end: dt.date) -> Chart:
    """Lay out the rows that scheduling gives between two dates; runs of a row that overlap lie below one another."""
    lines: list[Line] = []
    y = TOP
    for row in rows:
        lanes = _lanes(row["runs"])
        height = max(1, len(lanes)) * ROW
        bars = tuple(
            _bar(run, start, end, y + lane * ROW + (ROW - BAR) // 2)
            for lane, those in enumerate(lanes)
            for run in those
        )
        closed = tuple((*_span(each, start, end), str(each["why"])) for each in row.get("closed", ()))
        lines.append(Line(str(row["name"]), y, height, bars, closed))
        y += height
    width = NAMES + ((end - start).days + 1) * DAY
    return Chart(width, y + 4, tuple(lines), tuple(_months(start, end)))


def _lanes(runs: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    lanes: list[list[Mapping[str, Any]]] = []
    for run in sorted(runs, key=lambda each: (each["first"], each["last"])):
        lane = next((each for each in lanes if each[-1]["last"] < run["first"]), None)
        if lane is None:
            lanes.append([run])
        else:
            lane.append(run)
    return lanes


def _bar(run: Mapping[str, Any], start: dt.date, end: dt.date, y: int) -> Bar:
    x, width = _span(run, start, end)
    dots: dict[str, str] = {}
    for each in run["sessions"]:
        on = dt.date.fromisoformat(each["date"])
        if start <= on <= end:
            # A line without a length is drawn as its round ends alone.
            dots[each["state"]] = f"{dots.get(each['state'], '')}M{_x(on, start) + DAY // 2} {y + BAR // 2}h0"
    return Bar(x, y, width, run, dots)


def _span(each: Mapping[str, Any], start: dt.date, end: dt.date) -> tuple[int, int]:
    first = max(start, dt.date.fromisoformat(each["first"]))
    last = min(end, dt.date.fromisoformat(each["last"]))
    return _x(first, start), max(1, (last - first).days + 1) * DAY


def _x(day: dt.date, start: dt.date) -> int:
    return NAMES + (day - start).days * DAY


def _months(start: dt.date, end: dt.date) -> list[tuple[int, str]]:
    found, day = [], start
    while day <= end:
        found.append((_x(day, start), f"{day:%B %Y}"))
        day = (day.replace(day=28) + dt.timedelta(days=7)).replace(day=1)
    return found
