"""Where a mail's bounces go: an envelope sender of its own for each message (VERP), so that a bounce names it."""

from __future__ import annotations

import re
from uuid import UUID

LONGEST_LOCAL_PART = 64
TAGGED = re.compile(r"<?[^\s<>@]+\+([0-9a-f]{32})@[^\s<>@]+>?", re.IGNORECASE)


def return_path(address: str, message: UUID) -> str:
    """Give the envelope sender of a message: `bounces@mail.example` becomes `bounces+<32 hex digits>@mail.example`.

    Raises ValueError naming KEYTALK_BOUNCE_ADDRESS where that is longer than an address may be.
    """
    local, _at, domain = address.rpartition("@")
    tagged = f"{local}+{message.hex}"
    if len(tagged) > LONGEST_LOCAL_PART:
        raise ValueError("KEYTALK_BOUNCE_ADDRESS: give an address with 31 characters or fewer before its @")
    return f"{tagged}@{domain}"


def message_of(address: str) -> UUID | None:
    """Give the message whose envelope sender this was, or None for any other address.

    >>> message_of("bounces+0000000000000000000000000000002A@mail.example")
    UUID('00000000-0000-0000-0000-00000000002a')
    >>> message_of("bounces@mail.example")
    """
    found = TAGGED.fullmatch(address.strip())
    return UUID(hex=found[1]) if found else None
