"""Who a message is for, as this service names people: by an id of theirs, never by a name or an address."""

from __future__ import annotations

import re
from uuid import UUID

_REFERENCE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+){1,3}", re.ASCII)


def person_in(text: str) -> str | None:
    """Give a person's id as it is stored, or None where the text is none.

    That is `contact:ID` or `facilitator:ID` with a UUID; `enquirer:REFERENCE` where no contact is known yet.
    """
    kind, _colon, key = text.strip().partition(":")
    if kind in {"contact", "facilitator"}:
        return _with_uuid(kind, key)
    reference = key.upper()
    return f"{kind}:{reference}" if kind == "enquirer" and _REFERENCE.fullmatch(reference) else None


def _with_uuid(kind: str, key: str) -> str | None:
    try:
        return f"{kind}:{UUID(key)}"
    except ValueError:
        return None
