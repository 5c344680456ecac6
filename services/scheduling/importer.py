"""Reading the prison register, regimes and closures from CSV: rows in, plain values or the reason why not out.

The columns are those of the public prison register of England and Wales, and of HMPPS's regime times. A register may
also have `name_cy`, the Welsh name, and `other_names`, with semicolons between them: people find a place by these too;
`lat` and `lon`, from which the way there is reckoned; and `types`, by which a place for people under 18 is known.
Regimes may have `valid_from` and `valid_until`. Every row is stored whole, or refused alone with its line.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import select

from services.scheduling.domain.calendar import CLOSURES, WINDOW_NAMES, Blackout, Window, read_window, refuse_overlaps
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.travel import Point
from services.scheduling.handlers.places import save_establishment
from services.scheduling.handlers.timetables import save_blackout, save_timetable, timetable
from services.scheduling.place_schemas import EAST, LONGEST_ID, LONGEST_NAME, NORTH, read_weekday
from services.scheduling.records.places import SINCE_EVER
from services.scheduling.tables import establishments
from shared.clock import day_in_london
from shared.errors import Refused
from shared.nations import Nation
from shared.persistence.work import UnitOfWork

REGISTER_COLUMNS = ("prison_id", "name", "active", "town", "country")
REGIME_COLUMNS = ("prison_id", "day_of_week", "am_start", "am_finish", "pm_start", "pm_finish")
BLACKOUT_COLUMNS = ("prison_id", "first", "last", "why")

_NATIONS = {"england": "england", "wales": "wales", "scotland": "scotland", "northern ireland": "northern-ireland"}
_TRUE_OR_FALSE = {"true": True, "false": False}
_UNDER_18 = frozenset({"YCS", "STC", "SCH"})
"""Kinds of place for people under 18 in the register: of the Youth Custody Service, secure training centre, secure
children's home. A register may be behind: what an operator has set goes before."""


@dataclass(slots=True)
class Report:
    """What an import did, or with a dry run would do. `refused` rows are `{"line", "id", "why"}`.

    `kept` rows are the same: where an operator has set something otherwise, and it stays.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        """Count one row's outcome: "added", "changed" or "unchanged"."""
        setattr(self, outcome, getattr(self, outcome) + 1)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain data."""
        return {
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "kept": self.kept,
            "versions": self.versions,
        }


def import_establishments(work: UnitOfWork, csv_text: str) -> Report:
    """Add or change the establishments of a register. A row that cannot be read is refused alone.

    What an operator has set stays. Raises `Refused("invalid")` when columns are missing.
    """
    report = Report()
    seen: set[str] = set()

    def take(line: int, row: Mapping[str, str]) -> str:
        establishment, settings = _establishment(row), {**_point(row), **_under_18(row)}
        if establishment.id in seen:
            raise ValueError("prison_id: this id stands in the file twice. Keep one of the two rows.")
        seen.add(establishment.id)
        outcome, version, kept = save_establishment(work, establishment, settings)
        report.versions[establishment.id] = version
        if kept:
            why = f"Set by hand, and so left as it is: {', '.join(kept)}."
            report.kept.append({"line": line, "id": establishment.id, "why": why})
        return outcome

    return _imported(report, csv_text, REGISTER_COLUMNS, take)


def import_regimes(work: UnitOfWork, csv_text: str) -> Report:
    """Set the windows of each establishment and weekday in the file. A row that cannot be read is refused alone.

    Windows hold from `valid_from` to `valid_until`, where the row has them, and else since ever and without an end. A
    row without any window says that there is no session on that weekday.
    """
    known, today = _known(work), day_in_london(work.now)
    seen: set[tuple[str, int, dt.date]] = set()

    def take(_line: int, row: Mapping[str, str]) -> str:
        establishment_id, weekday = _id_on_file(row, known), _weekday(row["day_of_week"])
        windows = {name: window for name in WINDOW_NAMES if (window := _window(row, name))}
        refuse_overlaps(windows)
        valid_from, valid_until = _date(row, "valid_from") or SINCE_EVER, _date(row, "valid_until")
        wanted = timetable(weekday, windows, valid_from, valid_until)
        key = (establishment_id, weekday, valid_from)
        if key in seen:
            raise ValueError("day_of_week: this weekday stands in the file twice from one date. Keep one of the rows.")
        outcome = save_timetable(work, establishment_id, wanted, today)
        seen.add(key)
        return outcome

    return _imported(Report(), csv_text, REGIME_COLUMNS, take)


def import_blackouts(work: UnitOfWork, csv_text: str) -> Report:
    """Close establishments on the dates of a file: `first` to `last` (blank: that one day), and `why`, from the list.

    With `yearly` true it comes round every year. The same row again changes nothing. A row that cannot be read is
    refused alone.
    """
    known, today = _known(work), day_in_london(work.now)

    def take(_line: int, row: Mapping[str, str]) -> str:
        return save_blackout(work, _id_on_file(row, known), _blackout(row), today)

    return _imported(Report(), csv_text, BLACKOUT_COLUMNS, take)


def _imported(
    report: Report, csv_text: str, columns: Sequence[str], take: Callable[[int, Mapping[str, str]], str]
) -> Report:
    """Take each row of a file, and note those that cannot be taken with the reason."""
    for line, row in _rows(csv_text, columns):
        try:
            report.count(take(line, row))
        except (ValueError, Refused) as error:
            report.refused.append({"line": line, "id": row.get("prison_id"), "why": str(error)})
    return report


def _rows(csv_text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(csv_text.removeprefix("\ufeff"), newline=""))
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise _unreadable(f"The file lacks the columns {', '.join(missing)}. Its first line must name them.")
        for row in reader:
            yield reader.line_num, {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    except csv.Error as error:
        raise _unreadable(f"Line {reader.line_num} is not CSV ({error}). Save the file as 'CSV UTF-8'.") from None


def _unreadable(why: str) -> Refused:
    return Refused("invalid", why, {"file": [why]})


def _known(work: UnitOfWork) -> set[str]:
    return set(work.connection.scalars(select(establishments.c.id)))


def _id(row: Mapping[str, str]) -> str:
    found = row["prison_id"].upper()
    if not (found.isascii() and found.isalnum() and len(found) <= LONGEST_ID):
        raise ValueError(f"prison_id: an id has 1 to {LONGEST_ID} letters and digits, such as RSI.")
    return found


def _id_on_file(row: Mapping[str, str], known: set[str]) -> str:
    establishment_id = _id(row)
    if establishment_id not in known:
        raise ValueError("prison_id: this establishment is not on file. Import the register first.")
    return establishment_id


def _establishment(row: Mapping[str, str]) -> Establishment:
    if not row["name"] or len(row["name"]) > LONGEST_NAME:
        raise ValueError(f"name: give the establishment's name, up to {LONGEST_NAME} characters.")
    active = _TRUE_OR_FALSE.get(row["active"].lower())
    if active is None:
        raise ValueError("active: write true or false.")
    nation = _NATIONS.get(row["country"].lower() or "england")
    if nation is None:
        raise ValueError(f"country: write one of {', '.join(_NATIONS)}.")
    others = _other_names(row)
    return Establishment(_id(row), row["name"], active, cast("Nation", nation), row["town"][:100], other_names=others)


def _other_names(row: Mapping[str, str]) -> tuple[str, ...]:
    """Read the Welsh name, then former and local names with semicolons between them; each one once."""
    written = [row.get("name_cy", ""), *row.get("other_names", "").split(";")]
    names = [" ".join(each.split()) for each in written]
    if any(len(name) > LONGEST_NAME for name in names):
        raise ValueError(f"name_cy, other_names: each name can have up to {LONGEST_NAME} characters.")
    return tuple(dict.fromkeys(name for name in names if name and name != row["name"]))


def _point(row: Mapping[str, str]) -> dict[str, float]:
    """Read where it is; both blank means that nobody has said."""
    north, east = row.get("lat", ""), row.get("lon", "")
    if not north and not east:
        return {}
    try:
        point = Point(float(north), float(east))
    except ValueError:
        raise ValueError("lat, lon: write both in degrees, such as 53.44 and -2.53, or leave both blank.") from None
    if not (NORTH[0] <= point.latitude <= NORTH[1] and EAST[0] <= point.longitude <= EAST[1]):
        raise ValueError("lat, lon: this point is not in the UK. Write north first, such as 53.44 and -2.53.")
    return {"latitude": point.latitude, "longitude": point.longitude}


def _under_18(row: Mapping[str, str]) -> dict[str, bool]:
    """Read from its types whether it is a place for people under 18; blank means that the register does not say."""
    types = {each.strip().upper() for each in row.get("types", "").split("/")} - {""}
    return {"under_18": not types.isdisjoint(_UNDER_18)} if types else {}


def _weekday(text: str) -> int:
    try:
        return read_weekday(text)
    except ValueError as error:
        raise ValueError(f"day_of_week: {str(error).partition(': ')[2]}") from None


def _window(row: Mapping[str, str], name: str) -> Window | None:
    """Read one window; both times blank means there is none."""
    start, finish = row.get(f"{name}_start", ""), row.get(f"{name}_finish", "")
    if not start and not finish:
        return None
    try:
        return read_window(start, finish)
    except ValueError as error:
        words = str(error).partition(": ")[2]
        mend = "" if start and finish else " Where there is no such window, leave both blank."
        raise ValueError(f"{name}_start, {name}_finish: {words}{mend}") from None


def _date(row: Mapping[str, str], column: str) -> dt.date | None:
    text = row.get(column, "")
    if not text:
        return None
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise ValueError(f"{column}: write a date as year-month-day, such as 2027-01-12.") from None


def _blackout(row: Mapping[str, str]) -> Blackout:
    first = _date(row, "first")
    if first is None:
        raise ValueError("first: give the first day, such as 2027-01-12.")
    why = CLOSURES.get(row["why"].lower())
    if why is None:
        raise ValueError(f"why: choose one of: {', '.join(CLOSURES)}.")
    yearly = _TRUE_OR_FALSE.get(row.get("yearly", "").lower() or "false")
    if yearly is None:
        raise ValueError("yearly: write true or false.")
    return Blackout(first, _date(row, "last") or first, why, yearly=yearly)
