"""How a person wishes to be written to: by which channel, how often, at which hours.

Source of the defaults: domain notes, section 5.3, "Quiet hours 18:00-08:00 and weekends".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from enum import StrEnum


class Way(StrEnum):
    """How someone is told: by mail, or by a call that an operator makes."""

    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What one person prefers.

    `digest`: what can wait comes in one mail a day. `non_critical`: whether anything comes that is neither a reply nor
    critical. `quiet`: whether the quiet hours count, from `quiet_from` to `quiet_until` (local time, over midnight) and
    on every day that is no working day of their nation.
    """

    channel: Way = Way.EMAIL
    digest: bool = False
    non_critical: bool = True
    quiet: bool = True
    quiet_from: time = time(18, 0)
    quiet_until: time = time(8, 0)


DEFAULT = Preferences()
"""What counts for whoever has not said anything."""
