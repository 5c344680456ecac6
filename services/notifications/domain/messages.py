"""One message to one recipient on one occasion, and the states it may pass through.

A mail server can take a message and the answer can still be lost, so nothing here is sent twice by itself:
a message is claimed, handed over, and its outcome recorded; where the outcome cannot be known it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from services.notifications.domain.urgency import Urgency


class MessageState(StrEnum):
    """Where a message stands. Only `scheduled` and `sending` lead on by themselves."""

    SCHEDULED = "scheduled"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"
    MISSED = "missed"


S = MessageState

# To each state, the states it may be entered from.
LEADS_FROM: Mapping[MessageState, frozenset[MessageState]] = {
    S.SENDING: frozenset({S.SCHEDULED}),
    S.SCHEDULED: frozenset({S.SENDING}),
    # A later look (in the mailbox, or by an operator) may settle what was unknown.
    S.ACCEPTED: frozenset({S.SENDING, S.UNKNOWN}),
    # A report may come before the outcome was recorded, and settles what was unknown.
    S.DELIVERED: frozenset({S.SENDING, S.UNKNOWN, S.ACCEPTED}),
    S.BOUNCED: frozenset({S.SENDING, S.UNKNOWN, S.ACCEPTED, S.DELIVERED}),
    # An operator who asked around may say so of what was unknown.
    S.FAILED: frozenset({S.SENDING, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.SENDING}),
    S.SUPPRESSED: frozenset({S.SCHEDULED, S.SENDING}),
    S.MISSED: frozenset({S.SCHEDULED, S.SENDING}),
    # A message on its way may already be out, so only a waiting one can be replaced; a digest tells it on the way.
    S.SUPERSEDED: frozenset({S.SCHEDULED, S.SENDING}),
}

UNSETTLED = frozenset({S.FAILED, S.UNKNOWN, S.MISSED, S.BOUNCED})
"""The states in which somebody has to see to it that the recipient knows."""
SENT_AGAIN = UNSETTLED | {S.SUPPRESSED}
"""The states from which an operator may have a message sent again."""
CAME_BACK = "It came back"
"""How it begins why a message bounced, where a report says so."""

# Waits after the first, second, ... attempt that did not get through; the last one repeats.
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480))
# Half of the first wait after a fault in our own house; it doubles up to the waits above.
SOON = timedelta(seconds=5)
# How long after it was due a message is still tried (the default for a temporary fault).
RETRY_WINDOW = timedelta(hours=24)
# A message first tried late, after an outage of ours, still gets these attempts.
LEAST_ATTEMPTS = 4


class MessageCannotBecome(ValueError):
    """The message is in a state that does not lead to the one asked for."""

    def __init__(self, message: Message, state: MessageState) -> None:
        super().__init__(f"message {message.id} is {message.state} and cannot become {state}")


class MessageNotDue(ValueError):
    """The message was claimed before its time."""


class DatetimeIsNaive(ValueError):
    """A moment was given without its zone."""


@dataclass(frozen=True)
class Message:
    """A row of the ledger.

    `recipient` is `enquirer:REFERENCE`, `facilitator:ID` or `ops`, never an address; `facts` is JSON for the
    template and holds no personal data (that is looked up when the message is sent). `(recipient, occasion,
    version)` is its key and gives its `message_id`. `useful_until` is when sending it stops making sense.
    `retry_at` is set after an attempt that did not get through, or where a digest is to tell it; `due_at` stays what it
    was, but for a message that waits until its reader's quiet hours end: it is due then, and where it was tried before,
    later by that wait. `correlation_id` names
    what the message follows from, such as the post of an enquiry. `person` is `contact:ID` or `facilitator:ID`, once
    it is known who the recipient is. `template_version` is None for the words that come with Keytalk. `resend_of` is
    the message that an operator had sent again, `told_in` the digest that tells what this one would have told.
    Every moment carries its zone; raises DatetimeIsNaive otherwise.
    """

    id: UUID
    recipient: str
    occasion: str
    version: int
    template: str
    subject_ref: str
    due_at: datetime
    useful_until: datetime | None
    state: MessageState
    why: str | None
    attempts: int
    message_id: str
    facts: Mapping[str, Any]
    retry_at: datetime | None = field(default=None, kw_only=True)
    claimed_at: datetime | None = field(default=None, kw_only=True)
    accepted_at: datetime | None = field(default=None, kw_only=True)
    correlation_id: str | None = field(default=None, kw_only=True)
    urgency: Urgency = field(default=Urgency.ORDINARY, kw_only=True)
    person: str | None = field(default=None, kw_only=True)
    answered_at: datetime | None = field(default=None, kw_only=True)
    template_version: int | None = field(default=None, kw_only=True)
    resend_of: UUID | None = field(default=None, kw_only=True)
    told_in: UUID | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        # A row read back holds the plain word.
        object.__setattr__(self, "state", MessageState(self.state))
        object.__setattr__(self, "urgency", Urgency(self.urgency))
        for name in ("due_at", "useful_until", "retry_at", "claimed_at", "accepted_at", "answered_at"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise DatetimeIsNaive(f"{name} of message {self.id} has no zone")

    @property
    def next_attempt_at(self) -> datetime:
        """When it is to be tried next: when due, or after the wait that follows an attempt."""
        return self.retry_at or self.due_at

    def is_due(self, now: datetime) -> bool:
        """Say whether it waits and its time has come."""
        return self.state is S.SCHEDULED and self.next_attempt_at <= now

    def is_past_use(self, now: datetime) -> bool:
        """Say whether it would come too late to help, such as a reminder once the session has started."""
        return self.useful_until is not None and now >= self.useful_until

    def claim(self, now: datetime) -> Message:
        """Take it for sending; counts the attempt. Raises MessageNotDue before its time."""
        claimed = self._become(S.SENDING, attempts=self.attempts + 1, claimed_at=now, why=None, told_in=None)
        if now < self.next_attempt_at:
            raise MessageNotDue(f"message {self.id} is not due before {self.next_attempt_at.isoformat()}")
        return claimed

    def postponed(self, until: datetime, why: str) -> Message:
        """Put it back until its reader may be written to. That was no attempt, and the wait does not make it late."""
        times = {"due_at": until, "retry_at": None}
        if self.attempts > 1 and self.claimed_at is not None:
            # It was tried before: nights do not count towards giving up, and do not begin the count anew either.
            times = {"due_at": self.due_at + max(until - self.claimed_at, timedelta()), "retry_at": until}
        return self._become(S.SCHEDULED, attempts=self.attempts - 1, why=why, **times)

    def put_into(self, digest: UUID, until: datetime, why: str) -> Message:
        """Put it back for a digest to tell. Where none has told it `until` then, it is tried by itself."""
        return self._become(S.SCHEDULED, attempts=self.attempts - 1, retry_at=until, why=why, told_in=digest)

    def claim_for_digest(self, now: datetime) -> Message:
        """Take it along with the digest that is to tell it."""
        return self._become(S.SENDING, claimed_at=now)

    def told(self, why: str) -> Message:
        """Record that its digest went out, or came to another end: what became of that became of this too."""
        return self._become(S.SUPERSEDED, why=why)

    def put_back(self, until: datetime, digest: UUID | None = None) -> Message:
        """Give back what a digest took along: to the `digest` that is tried again, or to be tried by itself."""
        return self._become(S.SCHEDULED, retry_at=until, told_in=digest)

    def accepted(self, now: datetime, why: str | None = None) -> Message:
        """Record that the channel has taken it. `why` is how an operator knows, where it was unknown."""
        return self._become(S.ACCEPTED, accepted_at=now, why=why)

    def delivered(self, now: datetime) -> Message:
        """Record that a report says it is in the recipient's mailbox."""
        return self._become(S.DELIVERED, answered_at=now, why=None)

    def bounced(self, now: datetime, why: str) -> Message:
        """Record that it came back for good."""
        return self._become(S.BOUNCED, answered_at=now, why=why)

    def retry_later(self, now: datetime, error: str, *, soon: bool = False) -> Message:
        """Put it back for another attempt after a growing wait, or give up 24 hours after it was due.

        Only for an attempt that surely delivered nothing. `soon` is for a fault in our own house, such as a service
        that cannot be asked: the waits then begin with seconds.
        """
        wait = min(self._wait(), SOON * 2 ** min(self.attempts, 20)) if soon else self._wait()
        # Where a later time is played, or the clock was set back, it was tried at its own time.
        tried_at = max(now, self.next_attempt_at)
        next_at = self._while_it_helps(tried_at, tried_at + wait)
        if next_at > self.due_at + RETRY_WINDOW and self.attempts >= LEAST_ATTEMPTS:
            return self._become(S.FAILED, why=error)
        return self._become(S.SCHEDULED, retry_at=next_at, why=error)

    def refused(self, why: str) -> Message:
        """Record that it was turned down for good, or cannot be made."""
        return self._become(S.FAILED, why=why, told_in=None)

    def in_doubt(self, why: str) -> Message:
        """Record that nobody can say whether it was delivered; it is never sent again by itself."""
        return self._become(S.UNKNOWN, why=why)

    def suppressed(self, why: str) -> Message:
        """Record that it must not go out, such as to a contact who has left or whose data was erased."""
        return self._become(S.SUPPRESSED, why=why, told_in=None)

    def missed(self, now: datetime, why: str) -> Message:
        """Record that its time passed before it could go out; `claimed_at` then is when that was seen."""
        return self._become(S.MISSED, claimed_at=now, why=why, told_in=None)

    def superseded(self, why: str) -> Message:
        """Record that a newer message takes its place. One that is on its way may be out already."""
        if self.state is not S.SCHEDULED:
            raise MessageCannotBecome(self, S.SUPERSEDED)
        return self._become(S.SUPERSEDED, why=why, told_in=None)

    def _while_it_helps(self, now: datetime, next_at: datetime) -> datetime:
        """Give an earlier time where it would be too late then: halfway to the end of its use, at last that end."""
        if self.useful_until is None or next_at < self.useful_until:
            return next_at
        left = self.useful_until - now
        return now + left / 2 if left > 2 * RETRY_DELAYS[0] else max(now, self.useful_until)

    def _wait(self) -> timedelta:
        return RETRY_DELAYS[min(max(self.attempts, 1), len(RETRY_DELAYS)) - 1]

    def _become(self, state: MessageState, **changes: Any) -> Message:
        if self.state not in LEADS_FROM[state]:
            raise MessageCannotBecome(self, state)
        return replace(self, state=state, **changes)


def stable_message_id(recipient: str, occasion: str, version: int, domain: str) -> str:
    """Give the Message-ID, `<hash@domain>`, of a ledger key: the same key always gives the same one.

    So a mailbox can tell a repeat, and a reader of the header learns nothing about the recipient.
    Raises ValueError when `domain` cannot stand in a header.
    """
    if not domain or not all(label.replace("-", "").isalnum() for label in domain.split(".")):
        raise ValueError(f"{domain!r} is not a mail domain")
    key = "\x1f".join((recipient, occasion, str(version)))
    return f"<{sha256(key.encode()).hexdigest()[:40]}@{domain}>"
