"""What the enquiries service tells the others. Ids and choices only: who asked stays with enquiries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.contracts.base import published


@published(
    by="enquiries",
    type_="enquiry_received",
    subject="reference",
    to=("enquiries", "scheduling", "notifications"),
    sample={
        "reference": "KT-7F3K-92",
        "programme": "many-faces-of-trauma",
        "establishment_id": "RSI",
        "group_size": 10,
        "preferred_start": "2027-01-12",
        "preferred_weekday": "tue",
        "preferred_window": "pm",
        "received_at": "2026-11-24T09:30:00+00:00",
    },
)
@dataclass(frozen=True, slots=True)
class EnquiryReceived:
    """Someone asked for a programme. `establishment_id` is null where the place named was not recognised.

    Said of every enquiry that is filed, at once or when an operator released it from quarantine. Enquiries hears it
    too, and then finds out who it is from and what it resembles.
    """

    reference: str
    programme: str
    establishment_id: str | None
    group_size: int | None
    preferred_start: date | None
    preferred_weekday: str | None
    preferred_window: str | None
    received_at: datetime


@published(
    by="enquiries",
    type_="stage_changed",
    subject="reference",
    to=("scheduling",),
    sample={"reference": "KT-7F3K-92", "was": "agreement", "now": "won"},
)
@dataclass(frozen=True, slots=True)
class StageChanged:
    """An operator moved an enquiry from one stage to the next."""

    reference: str
    was: str
    now: str


@published(
    by="enquiries",
    type_="enquiry_quarantined",
    subject="reference",
    to=("notifications",),
    sample={"reference": "KT-7F3K-92", "score": 9, "received_at": "2026-12-05T02:11:00+00:00"},
)
@dataclass(frozen=True, slots=True)
class EnquiryQuarantined:
    """An enquiry looked like spam: it is kept whole, and nobody is thanked until an operator releases it."""

    reference: str
    score: int
    received_at: datetime


@published(
    by="enquiries",
    type_="reply_written",
    subject="reference",
    to=("notifications",),
    sample={"reference": "KT-7F3K-92", "entry_id": "0192f0c8-0000-7000-8000-000000000020"},
)
@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """An operator wrote to the enquirer: the words are the timeline entry's, asked for when they are sent."""

    reference: str
    entry_id: UUID


@published(
    by="enquiries",
    type_="first_reply_due",
    subject="reference",
    to=("notifications",),
    sample={"reference": "KT-7F3K-92", "step": "due", "due_at": "2026-11-26T17:00:00+00:00"},
)
@dataclass(frozen=True, slots=True)
class FirstReplyDue:
    """No person has answered an enquiry yet. `step` is "due" (two working days) or "late" (three)."""

    reference: str
    step: str
    due_at: datetime


@published(
    by="enquiries",
    type_="answer_awaited",
    subject="reference",
    to=("notifications",),
    sample={"reference": "KT-7F3K-92", "step": "first_nudge", "since": "2026-11-24T09:30:00+00:00"},
)
@dataclass(frozen=True, slots=True)
class AnswerAwaited:
    """We have waited for the other side for some time.

    `step` is "first_nudge", "second_nudge" or "offer_call", or "proposal" where it is a proposal that waits.
    """

    reference: str
    step: str
    since: datetime


@published(
    by="enquiries",
    type_="contact_left",
    subject="person_id",
    to=("notifications",),
    sample={
        "person_id": "0192f0c8-0000-7000-8000-000000000030",
        "why": "bounced",
        "references": ["KT-7F3K-92"],
    },
)
@dataclass(frozen=True, slots=True)
class ContactLeft:
    """A contact can no longer be reached: `why` is "left" or "bounced". A task asks who holds the post now.

    `references` are the enquiries that they were the contact of, so that whoever writes to them about these stops.
    """

    person_id: UUID
    why: str
    references: tuple[str, ...] | None = None


@published(
    by="enquiries",
    type_="proposal_sent",
    subject="reference",
    to=("notifications",),
    sample={
        "reference": "KT-7F3K-92",
        "proposal_id": "0192f0c8-0000-7000-8000-000000000040",
        "version": 1,
        "valid_until": "2026-12-24",
    },
)
@dataclass(frozen=True, slots=True)
class ProposalSent:
    """A proposal is ready for the other side: notifications sends the link to it, which it asks for then."""

    reference: str
    proposal_id: UUID
    version: int
    valid_until: date


@published(
    by="enquiries",
    type_="proposal_settled",
    subject="reference",
    to=("notifications",),
    sample={
        "reference": "KT-7F3K-92",
        "proposal_id": "0192f0c8-0000-7000-8000-000000000040",
        "version": 1,
        "outcome": "accepted",
    },
)
@dataclass(frozen=True, slots=True)
class ProposalSettled:
    """A proposal came to its end: `outcome` is "accepted", "declined", "expired", "superseded" or "withdrawn"."""

    reference: str
    proposal_id: UUID
    version: int
    outcome: str


@published(
    by="enquiries",
    type_="agreement_signed",
    subject="reference",
    to=("notifications",),
    sample={
        "reference": "KT-7F3K-92",
        "agreement_id": "0192f0c8-0000-7000-8000-000000000050",
        "unit": "session",
        "agreed_units": 16,
    },
)
@dataclass(frozen=True, slots=True)
class AgreementSigned:
    """Both sides have signed. `unit` is "session" or "place"."""

    reference: str
    agreement_id: UUID
    unit: str
    agreed_units: int


@published(
    by="enquiries",
    type_="person_erased",
    subject="request_id",
    to=("scheduling", "notifications"),
    sample={
        "request_id": "0192f0c8-0000-7000-8000-000000000060",
        "references": ["KT-7F3K-92"],
        "person_ids": ["0192f0c8-0000-7000-8000-000000000030"],
        "nobody_left": ["KT-7F3K-92"],
    },
)
@dataclass(frozen=True, slots=True)
class PersonErased:
    """All that was held on a person is gone here: everybody drops what they hold under these ids.

    `nobody_left` are those of the references about which nobody is left to write to; of the others somebody else is
    the contact by now.
    """

    request_id: UUID
    references: tuple[str, ...]
    person_ids: tuple[UUID, ...]
    nobody_left: tuple[str, ...] | None = None


@published(
    by="enquiries",
    type_="intake_alarm",
    subject="alarm_id",
    to=("notifications",),
    sample={
        "alarm_id": "0192f0c8-0000-7000-8000-000000000070",
        "kind": "canary",
        "since": "2026-11-24T09:30:00+00:00",
    },
)
@dataclass(frozen=True, slots=True)
class IntakeAlarm:
    """Something is amiss with the way in.

    `kind` is "canary" (our own test enquiry did not arrive), "silence" (none came for unusually long) or "ledger" (the
    daily balance does not come out).
    """

    alarm_id: UUID
    kind: str
    since: datetime
