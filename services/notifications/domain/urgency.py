"""How urgent a message is: whether it waits for quiet hours to end, and whether its reader may switch it off.

Source: domain notes, section 5.3, "Quiet hours".
"""

from __future__ import annotations

from enum import StrEnum


class Urgency(StrEnum):
    """What a message may wait for.

    `reply`: an answer to what the reader just did, sent at once. `critical`: such as a session that does not take place
    tomorrow, sent at once. `needed`: what the work itself needs, such as a proposal or dates that are settled: it waits
    until quiet hours end, and comes whatever else is switched off. `reminder`: sent at its time, which was chosen
    outside quiet hours, never later. `ordinary`: waits until quiet hours end. Replies and critical messages pass every
    preference but an address that is no more.
    """

    REPLY = "reply"
    CRITICAL = "critical"
    NEEDED = "needed"
    REMINDER = "reminder"
    ORDINARY = "ordinary"

    @property
    def passes(self) -> bool:
        """Whether it goes out whatever its reader prefers, and at any hour."""
        return self in {Urgency.REPLY, Urgency.CRITICAL}

    @property
    def may_be_switched_off(self) -> bool:
        """Whether a reader who wants only what is urgent or needed does without it."""
        return self in {Urgency.REMINDER, Urgency.ORDINARY}

    @property
    def keeps_quiet_hours(self) -> bool:
        """Whether it waits until its reader's quiet hours end."""
        return self in {Urgency.NEEDED, Urgency.ORDINARY}


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
_NEEDED = frozenset(
    {
        "proposal_sent",
        "proposal_withdrawn",
        "run_confirmed_contact",
        "run_confirmed_facilitator",
        "run_changed_contact",
        "run_changed_facilitator",
        "gate_memo_sent_contact",
        "offer_made_facilitator",
        "offer_withdrawn_facilitator",
        "hold_placed_contact",
        "hold_promoted_contact",
        "hold_expired_contact",
    }
)
_REMINDERS = ("session_reminder_", "session_brief_")


def urgency_of(template: str) -> Urgency:
    """Give the urgency of a template's messages, where nothing of the occasion says otherwise: see `reminder_rules`."""
    if template in _REPLIES:
        return Urgency.REPLY
    if template in _CRITICAL:
        return Urgency.CRITICAL
    if template in _NEEDED:
        return Urgency.NEEDED
    return Urgency.REMINDER if template.startswith(_REMINDERS) else Urgency.ORDINARY
