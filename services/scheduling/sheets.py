"""Reading rows from a CSV file that came out of a spreadsheet, and reporting what became of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.csv_safe import safe_cell
from shared.errors import Refused

MOST_ROWS = 20_000

Row = dict[str, str]


@dataclass(slots=True)
class Report:
    """What an import did, or with a dry run would do. `refused` rows are `{"line", "id", "why"}`."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def count(self, outcome: str) -> None:
        """Count one row's outcome: "added", "changed" or "unchanged"."""
        setattr(self, outcome, getattr(self, outcome) + 1)

    def refuse(self, line: int, id_: str | None, why: str | Refused) -> None:
        """Note a row that was left out: where it stands, what it is about, and why."""
        self.refused.append({"line": line, "id": id_ or None, "why": why if isinstance(why, str) else in_words(why)})

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain data."""
        counts = {"added": self.added, "changed": self.changed, "unchanged": self.unchanged}
        return {**counts, "refused": sorted(self.refused, key=lambda each: int(each["line"]))}


def rows_of(csv_text: str, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Read the rows of a CSV text, each with the line it ends on; rows without any word are passed over.

    A byte order mark is taken off, headings may be in any case and order, commas or semicolons may stand between cells.
    The apostrophe that we put before what could begin a formula, when we write CSV, is taken off again. Raises
    `Refused("invalid")` when columns are missing, or when it is no CSV or too much of it.
    """
    text = csv_text.removeprefix("\ufeff")
    heading = text.split("\n", 1)[0]
    between = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    try:
        names = [_heading(each) for each in next(reader, [])]
        _refuse_missing(names, columns)
        for number, cells in enumerate(reader):
            if number >= MOST_ROWS:
                raise _unreadable(f"The file has more than {MOST_ROWS} rows. Give it in parts.")
            row = {name: _plain(cell) for name, cell in zip(names, cells, strict=False) if name}
            if any(row.values()):
                yield reader.line_num, {**dict.fromkeys(names, ""), **row}
    except csv.Error as error:
        raise _unreadable(f"Line {reader.line_num} cannot be read as CSV ({error}).") from None


def in_words(refusal: Refused) -> str:
    """Give a refusal's sentences in one line, each after the name of its column."""
    said = [f"{name}: {' '.join(sentences)}" for name, sentences in refusal.fields.items()]
    return " ".join(said) or refusal.detail


def _heading(cell: str) -> str:
    return "_".join(cell.strip().lower().split())


def _plain(cell: str) -> str:
    """Give a cell as it was meant, without the spaces about it and our own apostrophe."""
    bare = cell.strip()
    meant = bare[1:] if bare.startswith("'") else bare
    return meant if safe_cell(meant) == bare else bare


def _refuse_missing(names: Sequence[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in names]
    if missing:
        raise _unreadable(f"The file lacks the columns {', '.join(missing)}. Its first line must name them.")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise _unreadable(f"The columns {', '.join(twice)} stand in the first line twice. Keep one of each.")


def _unreadable(why: str) -> Refused:
    return Refused("invalid", why, {"file": [why]})
