"""Why an operator did something: in words, kept for whoever comes next."""

from __future__ import annotations

from typing import Any

from shared.errors import Refused

SHORTEST, LONGEST = 3, 500


def read_reason(text: Any) -> str:
    """Give a reason as it is kept. Raises `Refused("invalid")` for one that is too short, too long, or no text."""
    reason = " ".join(text.split()) if isinstance(text, str) else ""
    if SHORTEST <= len(reason) <= LONGEST:
        return reason
    why = f"Give a reason of {SHORTEST} to {LONGEST} characters: it is kept for whoever comes next."
    raise Refused("invalid", why, {"reason": [why]})
