"""Remembers for an hour which words came in, to see one message that many senders send.

Each process has a memory of its own, and it holds digests alone: neither words nor addresses.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

WITHIN = timedelta(hours=1)
MOST_MESSAGES = 5_000
"""How many messages are remembered; beyond, the one that was seen longest ago is forgotten."""
MOST_SENDERS = 10
"""How many senders of one message are told apart; more need not be known."""
LEAST_LETTERS = 40
"""Shorter messages ("Please call me on Monday") are alike by chance."""

_NO_LETTER = re.compile(r"[\W\d_]+")


class Alike:
    """What was seen of late. Asked and told in one step, as each enquiry comes in."""

    def __init__(self) -> None:
        self._senders: OrderedDict[bytes, dict[bytes, datetime]] = OrderedDict()

    def others(self, answers: Mapping[str, Any], now: datetime) -> int:
        """Count the other senders of these words within the hour, and remember this one."""
        letters = _NO_LETTER.sub("", str(answers.get("message") or "").casefold())
        if len(letters) < LEAST_LETTERS:
            return 0
        message, sender = _digest(letters), _digest(str(answers.get("contact_email") or "").casefold())
        senders = {each: at for each, at in self._senders.pop(message, {}).items() if now - at < WITHIN}
        others = len(senders) - (sender in senders)
        if sender in senders or len(senders) < MOST_SENDERS:
            senders[sender] = now
        self._senders[message] = senders
        if len(self._senders) > MOST_MESSAGES:
            self._senders.popitem(last=False)
        return others


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
