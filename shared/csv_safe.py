"""CSV that a spreadsheet shows as it was written: no cell begins a formula, whoever typed it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

# What Excel, LibreOffice and Google Sheets take for the beginning of a formula, in full width as well; or skip
# before they look for one.
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(value: Any) -> Any:
    """Give a value for a cell: text that could begin a formula gets an apostrophe before it, all else stays.

    >>> safe_cell("=HYPERLINK(A1)"), safe_cell("Siân"), safe_cell(-3)
    ("'=HYPERLINK(A1)", 'Siân', -3)
    """
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return value


def safe_csv(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Give a heading and its rows as CSV text, ready to be encoded as UTF-8. None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(map(safe_cell, heading))
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return out.getvalue()
