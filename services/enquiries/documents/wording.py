"""How dates and quantities are written, on the page and on paper alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shared.clock import day_in_london

_SEVERAL = {"person": "people", "session": "sessions", "day": "days"}


def day_in_words(iso: str) -> str:
    """Give a date, or the London date of a moment, as people write it.

    >>> day_in_words("2026-12-24"), day_in_words("2026-06-30T23:30:00+00:00")
    ('24 December 2026', '1 July 2026')
    """
    day = date.fromisoformat(iso) if "T" not in iso else day_in_london(datetime.fromisoformat(iso))
    return f"{day.day} {day:%B %Y}"


def how_many(line: Mapping[str, Any]) -> str:
    """Give the quantity of a proposal's line with its unit; units that are not ours stand as they were written."""
    number, unit = line["quantity"], line["unit"]
    return f"{number} {unit if number == 1 else _SEVERAL.get(unit, unit)}".strip()
