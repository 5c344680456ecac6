"""Why an operator did something: in words, kept for whoever comes next."""

from __future__ import annotations

import re
from typing import Any

from shared.errors import Refused

SHORTEST, LONGEST = 3, 500

# A letter, four digits and two letters, with gaps or without: the shape in HMPPS's public test data.
_PRISON_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][ -]?[0-9]{4}[ -]?[A-Za-z]{2}(?![A-Za-z0-9])")


def read_reason(text: Any) -> str:
    """Give a reason as it is kept.

    Raises `Refused("invalid")` for one that is too short, too long, or no text, and for one about somebody in prison.
    """
    reason = " ".join(text.split()) if isinstance(text, str) else ""
    if not SHORTEST <= len(reason) <= LONGEST:
        why = f"Give a reason of {SHORTEST} to {LONGEST} characters: it is kept for whoever comes next."
    elif has_prison_number(reason):
        why = "This looks like a prison number. Leave it out: nothing is kept here about anybody in prison."
    else:
        return reason
    raise Refused("invalid", why, {"reason": [why]})


def has_prison_number(words: str) -> bool:
    """Say whether a text holds what looks like somebody's prison number."""
    return _PRISON_NUMBER.search(words) is not None
