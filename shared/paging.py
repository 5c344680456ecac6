"""How many rows a listing may ask for."""

from __future__ import annotations

from typing import Any

from shared.errors import Refused

MOST = 1000


def page_size(limit: Any) -> int:
    """Give the number of rows asked for, 1 to 1,000. Raises `Refused("invalid")` for anything else."""
    if type(limit) is not int or not 1 <= limit <= MOST:
        why = f"limit must be a whole number from 1 to {MOST}."
        raise Refused("invalid", why, {"limit": [why]})
    return limit
