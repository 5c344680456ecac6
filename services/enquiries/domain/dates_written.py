"""Full dates from long ago, in the many ways people write them: most likely somebody's date of birth.

A year alone, a month with its year, and any date of the last ten years or to come is none. Texts come in plain, as
`words.plain` gives them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

YEARS = 10
_OLDEST = 1900
_AHEAD = 20
"""A year of two digits is this many years ahead of today, at most."""

# English in full and short, and Welsh with the forms that follow "o".
_MONTH_NAMES = (
    "january jan ionawr",
    "february feb chwefror",
    "march mar mawrth fawrth",
    "april apr ebrill",
    "may mai fai",
    "june jun mehefin fehefin",
    "july jul gorffennaf orffennaf",
    "august aug awst",
    "september sept sep medi fedi",
    "october oct hydref",
    "november nov tachwedd dachwedd",
    "december dec rhagfyr ragfyr",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DASHES = "\\-\u2010-\u2015\u2212"
_ORDINAL = "(?:st|nd|rd|th|ST|ND|RD|TH|af|ail|il|ydd|fed|eg|ain)?"
_YEAR = "(['\u2019]?)([0-9]{4}|[0-9]{2})(?![0-9]|[:.][0-9])"

# Each begins with its first digit and looks back from there: so the search skips all other text at once.
_FIRST = "[0-9](?<![0-9]{2})"

_IN_FIGURES = re.compile(
    rf"({_FIRST}[0-9]?)(\s?[./{_DASHES}]\s?|\s)([0-9]{{1,2}})\2['\u2019]?([0-9]{{4}}|[0-9]{{2}})(?![0-9]|\2[0-9])"
)
_YEAR_FIRST = re.compile(rf"([12](?<![0-9]{{2}})[0-9]{{3}})([./{_DASHES}])([0-9]{{1,2}})\2([0-9]{{1,2}})(?![0-9])")
_UNBROKEN = re.compile("[0-9](?<![0-9A-Za-z].)[0-9]{7}(?![0-9A-Za-z])")
_DAY_MONTH = re.compile(
    rf"({_FIRST}[0-9]?){_ORDINAL}([\s.,/{_DASHES}]{{0,3}})(?:[Dd][Aa][Yy]\s)?(?:[Oo][Ff]?\s)?"
    rf"([A-Za-z]{{3,10}})[\s.,/{_DASHES}]{{0,3}}{_YEAR}"
)
_DAY_YEAR = re.compile(rf"({_FIRST}[0-9]?){_ORDINAL}([\s.,{_DASHES}]{{1,3}}){_YEAR}")
_MONTH_BEFORE = re.compile(rf"(?<![0-9A-Za-z])({_MONTH})[\s.{_DASHES}]{{0,3}}(?:the\s)?\Z", re.IGNORECASE)
_YEAR_MONTH_DAY = re.compile(
    rf"([12](?<![0-9]{{2}})[0-9]{{3}})[\s,/{_DASHES}]{{1,2}}([A-Za-z]{{3,10}})"
    rf"[\s/{_DASHES}]{{1,2}}([0-9]{{1,2}})(?![0-9])"
)

# "12 March 14 people", "10/11/12 January", "6 May 1930 hours": figures that count something, and no year.
_HOURS = re.compile(rf"\s*(?:h(?:ou)?rs?\b|[{_DASHES}]\s?[0-9]{{3,4}}\b)", re.IGNORECASE)
_COUNTED = re.compile(
    rf"\s*(?:%|am\b|pm\b|h(?:ou)?rs?\b|min(?:ute)?s?\b|(?:{_MONTH})\b"
    r"|people\b|men\b|women\b|staff\b|officers?\b|participants?\b|attendees\b|delegates\b|learners\b|places\b|spaces\b"
    r"|sessions?\b|groups?\b|weeks?\b|days?\b|months?\b|of\s(?:us|them|our)\b)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:room|rooms|wing|wings|version|section|clause|unit|paragraph|para|level|v)\s*\Z", re.IGNORECASE
)
_REACH = 20


def long_past_date_in(plain: str, today: date) -> bool:
    """Say whether `plain` holds a full date that lies more than `YEARS` years before `today`.

    >>> day = date(2026, 11, 25)
    >>> long_past_date_in("born 12.3.85", day), long_past_date_in("since 1985; we could start on 12/01/27", day)
    (True, False)
    """
    limit = _years_before(today)
    return any(found.year >= _OLDEST and found < limit for found in _dates_in(plain, today))


def _years_before(today: date) -> date:
    year = today.year - YEARS
    try:
        return today.replace(year=year)
    except ValueError:  # the 29th of February
        return today.replace(year=year, day=28)


def _dates_in(plain: str, today: date) -> Iterator[date]:
    for year, month, day in (*_in_figures(plain, today), *_with_a_name(plain, today)):
        for readings in ((year, month, day), (year, day, month)):
            try:
                found = date(*readings)
            except ValueError:
                continue  # the month may stand first, as in America
            yield found
            break


def _in_figures(plain: str, today: date) -> Iterator[tuple[int, int, int]]:
    for found in _IN_FIGURES.finditer(plain):
        day, _gap, month, year = found.groups()
        if not _is_a_code(plain, found) and (len(year) == 4 or _is_short_year(plain, found)):
            yield _year(year, today), int(month), int(day)
    for found in _YEAR_FIRST.finditer(plain):
        yield int(found[1]), int(found[3]), int(found[4])
    for found in _UNBROKEN.finditer(plain):
        digits = found.group()
        yield int(digits[4:]), int(digits[2:4]), int(digits[:2])
        yield int(digits[:4]), int(digits[4:6]), int(digits[6:])


def _is_a_code(plain: str, found: re.Match[str]) -> bool:
    """Say whether the figures are the end of something longer: 10.1.1.85, AB-12-03-85."""
    gap = found[2].strip()
    before = plain[max(0, found.start() - 2) : found.start()]
    if not gap or len(before) < 2 or before[1] != gap:
        return False
    return before[0].isdigit() or (before[0].isalpha() and len(found[4]) == 2)


def _is_short_year(plain: str, found: re.Match[str]) -> bool:
    """Say whether the last of three short figures can be a year, and the three are no list of numbers."""
    day, gap, month, year = found.groups()
    if not gap.strip() or _COUNTED.match(plain, found.end()):
        return False
    if _NUMBERED.search(plain[max(0, found.start() - _REACH) : found.start()]):
        return False
    counts_up = int(day) < int(month) < int(year) <= 31
    return not counts_up or "0" in {day[0], month[0], year[0]}


def _with_a_name(plain: str, today: date) -> Iterator[tuple[int, int, int]]:
    for found in _DAY_MONTH.finditer(plain):
        day, gap, name, mark, year = found.groups()
        if _is_dated(plain, found.end(), gap + mark, name, year):
            yield _year(year, today), _MONTHS[name.lower()], int(day)
    for found in _DAY_YEAR.finditer(plain):
        before = _MONTH_BEFORE.search(plain[max(0, found.start() - _REACH) : found.start()])
        day, gap, mark, year = found.groups()
        if before and _is_dated(plain, found.end(), gap + mark, before[1], year):
            yield _year(year, today), _MONTHS[before[1].lower()], int(day)
    for found in _YEAR_MONTH_DAY.finditer(plain):
        if found[2].lower() in _MONTHS:
            yield int(found[1]), _MONTHS[found[2].lower()], int(found[3])


def _is_dated(plain: str, end: int, marks: str, name: str, year: str) -> bool:
    """Say whether a name of a month with figures is a date: "12 March 85"; "12 March, 14 and 28 April" are days.

    `marks` are what stands around the name; a dash, a slash or an apostrophe makes two figures a year.
    """
    if name.lower() not in _MONTHS:
        return False
    if len(year) == 4:
        return not _HOURS.match(plain, end)
    if _COUNTED.match(plain, end):
        return False
    return marks.strip(" \t\r\n.,") != "" or year[0] == "0" or int(year) > 31


def _year(written: str, today: date) -> int:
    if len(written) == 4:
        return int(written)
    year = today.year // 100 * 100 + int(written)
    return year - 100 if year > today.year + _AHEAD else year
