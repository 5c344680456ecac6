"""Reading forms: what of them is another than it was, and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ops.vocabulary import ABSENCES

COUNTS = ("expected", "attended", "late", "left_early")
"""What a register counts, beside those who did not come by reason."""


def what_differs(form: Mapping[str, str], known: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Give those of a form's fields that say something else than what is known; a field that was not sent does not."""
    return {name: form[name].strip() for name in names if name in form and form[name].strip() != _shown(known[name])}


def number(text: str | None) -> int | str:
    """Give a whole number, or the text as it is, which the service then refuses in words."""
    written = (text or "").strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else written


def counts_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Give the counts of a register as `submit_attendance` takes them; reasons with nobody are left out."""
    counts: dict[str, Any] = {name: number(form.get(name)) for name in COUNTS}
    absent = {each: number(form.get(f"absent_{each}")) for each in ABSENCES}
    return {**counts, "absent": {each: count for each, count in absent.items() if count not in ("", 0)}}


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
