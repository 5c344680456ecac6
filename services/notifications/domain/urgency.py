"""How urgent a message is: whether it waits for quiet hours to end, and whether its reader may switch it off.

Source: domain notes, section 5.3, "Quiet hours".
"""

from __future__ import annotations

from enum import StrEnum


class Urgency(StrEnum):
    """What a message may wait for.

    `reply`: an answer to what the reader just did, sent at once. `critical`: such as a session that does not take place
    tomorrow, sent at once. `reminder`: sent at its time, which was chosen outside quiet hours, never later. `ordinary`:
    waits until quiet hours end. Replies and critical messages pass every preference but an address that is no more.
    """

    REPLY = "reply"
    CRITICAL = "critical"
    REMINDER = "reminder"
    ORDINARY = "ordinary"

    @property
    def passes(self) -> bool:
        """Whether it goes out whatever its reader prefers, and at any hour."""
        return self in {Urgency.REPLY, Urgency.CRITICAL}


_REPLIES = frozenset(
    {
        "enquiry_received",
        "reply_written",
        "proposal_accepted",
        "proposal_declined",
        "agreement_signed",
    }
)
_CRITICAL = frozenset({"intake_alarm_ops"})
_REMINDERS = ("session_reminder_",)


def urgency_of(template: str) -> Urgency:
    """Give the urgency of a template's messages, where nothing of the occasion makes them more urgent."""
    if template in _REPLIES:
        return Urgency.REPLY
    if template in _CRITICAL:
        return Urgency.CRITICAL
    return Urgency.REMINDER if template.startswith(_REMINDERS) else Urgency.ORDINARY
