"""Reading the prison register and the regimes from CSV: rows in, plain values or the reason why not out.

The columns are those of the public prison register of England and Wales, and of HMPPS's regime times. A register may
also have `name_cy`, the Welsh name, and `other_names`, with semicolons between them: people find a place by these too.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import delete, insert, select

from services.scheduling.domain.calendar import Window
from services.scheduling.domain.establishments import Establishment
from services.scheduling.handlers.places import save_establishment
from services.scheduling.records.places import SINCE_EVER
from services.scheduling.tables import establishments, regime_windows
from shared.errors import Refused
from shared.nations import Nation
from shared.persistence.work import UnitOfWork

REGISTER_COLUMNS = ("prison_id", "name", "active", "town", "country")
REGIME_COLUMNS = ("prison_id", "day_of_week", "am_start", "am_finish", "pm_start", "pm_finish")
LONGEST_ID = 6
LONGEST_NAME = 200

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_NATIONS = {"england": "england", "wales": "wales", "scotland": "scotland", "northern ireland": "northern-ireland"}
_TRUE_OR_FALSE = {"true": True, "false": False}


@dataclass(slots=True)
class Report:
    """What an import did, or with a dry run would do. `refused` rows are `{"line", "id", "why"}`."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
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
            "versions": self.versions,
        }


def import_establishments(work: UnitOfWork, csv_text: str) -> Report:
    """Add or change the establishments of a register. A row that cannot be read is refused alone.

    Raises `Refused("invalid")` when columns are missing.
    """
    report = Report()
    seen: set[str] = set()
    for line, row in _rows(csv_text, REGISTER_COLUMNS):
        try:
            establishment = _establishment(row)
            if establishment.id in seen:
                raise ValueError("prison_id: this id stands in the file twice. Keep one of the two rows.")
        except ValueError as error:
            report.refused.append({"line": line, "id": row.get("prison_id"), "why": str(error)})
            continue
        seen.add(establishment.id)
        outcome, version = save_establishment(work, establishment)
        report.count(outcome)
        report.versions[establishment.id] = version
    return report


def import_regimes(work: UnitOfWork, csv_text: str) -> Report:
    """Set the windows of each establishment and weekday in the file. A row that cannot be read is refused alone."""
    report = Report()
    known = set(work.connection.scalars(select(establishments.c.id)))
    for line, row in _rows(csv_text, REGIME_COLUMNS):
        try:
            report.count(_save_windows(work, row, known))
        except ValueError as error:
            report.refused.append({"line": line, "id": row.get("prison_id"), "why": str(error)})
    return report


def _rows(csv_text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(csv_text.removeprefix("\ufeff"), newline=""))
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        why = f"The file lacks the columns {', '.join(missing)}. Its first line must name them."
        raise Refused("invalid", why, {"file": [why]})
    for row in reader:
        yield reader.line_num, {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}


def _id(row: Mapping[str, str]) -> str:
    found = row["prison_id"].upper()
    if not (found.isascii() and found.isalnum() and len(found) <= LONGEST_ID):
        raise ValueError(f"prison_id: an id has 1 to {LONGEST_ID} letters and digits, such as RSI.")
    return found


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


def _save_windows(work: UnitOfWork, row: Mapping[str, str], known: set[str]) -> str:
    establishment_id = _id(row)
    if establishment_id not in known:
        raise ValueError("prison_id: this establishment is not on file. Import the register first.")
    weekday = _weekday(row["day_of_week"])
    wanted = {name: _window(row, name) for name in ("am", "pm", "ed")}
    here = (regime_windows.c.establishment_id == establishment_id) & (regime_windows.c.weekday == weekday)
    on_file = {
        each.name: Window(each.start, each.end) for each in work.connection.execute(select(regime_windows).where(here))
    }
    if on_file == {name: window for name, window in wanted.items() if window}:
        return "unchanged"
    work.connection.execute(delete(regime_windows).where(here))
    rows = [
        {
            "establishment_id": establishment_id,
            "weekday": weekday,
            "name": name,
            "valid_from": SINCE_EVER,
            "start": window.start,
            "end": window.end,
        }
        for name, window in wanted.items()
        if window
    ]
    if rows:
        work.connection.execute(insert(regime_windows), rows)
    return "changed" if on_file else "added"


def _weekday(text: str) -> int:
    if text.upper() not in _DAYS:
        raise ValueError(f"day_of_week: write one of {', '.join(_DAYS)}.")
    return _DAYS.index(text.upper())


def _window(row: Mapping[str, str], name: str) -> Window | None:
    """Read one window; both times blank means there is none."""
    start, finish = row.get(f"{name}_start", ""), row.get(f"{name}_finish", "")
    if not start and not finish:
        return None
    try:
        return Window(dt.time.fromisoformat(start), dt.time.fromisoformat(finish))
    except ValueError as error:
        words = str(error) if "window" in str(error) else "write both times as HH:MM, or leave both blank."
        raise ValueError(f"{name}_start, {name}_finish: {words}") from None
