"""What the notifications service tells the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.contracts.base import published


@published(
    by="notifications",
    type_="message_accepted",
    subject="message_id",
    to=("enquiries",),
    sample={
        "message_id": "0192f0c8-0000-7000-8000-000000000010",
        "template": "enquiry_received",
        "about": "KT-7F3K-92",
        "accepted_at": "2026-11-24T09:30:04+00:00",
        "instead_of": ["0192f0c8-0000-7000-8000-000000000009"],
    },
)
@dataclass(frozen=True, slots=True)
class MessageAccepted:
    """A mail server took a message. `about` is the reference of the enquiry it concerns.

    `instead_of` are messages in whose place it was sent, or somebody told by phone, on paper or face to face what they
    were to say ("told_by_hand"); and a digest that was lost, once all that it said has been told in another way.
    """

    message_id: UUID
    template: str
    about: str
    accepted_at: datetime
    instead_of: tuple[UUID, ...] | None = None


@published(
    by="notifications",
    type_="recipient_bounced",
    subject="message_id",
    to=("enquiries",),
    sample={
        "message_id": "0192f0c8-0000-7000-8000-000000000010",
        "about": "KT-7F3K-92",
        "bounced_at": "2026-11-24T09:30:04+00:00",
    },
)
@dataclass(frozen=True, slots=True)
class RecipientBounced:
    """A mail server turned an enquirer's address down for good. `about` is the reference of the enquiry."""

    message_id: UUID
    about: str
    bounced_at: datetime


@published(
    by="notifications",
    type_="message_unsettled",
    subject="message_id",
    to=("enquiries",),
    sample={
        "message_id": "0192f0c8-0000-7000-8000-000000000010",
        "template": "session_reminder_contact",
        "about": "KT-7F3K-92",
        "kind": "contact",
        "state": "missed",
        "at": "2026-11-24T09:30:04+00:00",
        "session_number": 1,
        "session_date": "2027-01-12",
    },
)
@dataclass(frozen=True, slots=True)
class MessageUnsettled:
    """Somebody was not told, or nobody can say whether they were: a person has to see to it.

    `state` is "failed", "unknown", "missed", "bounced", "to_call" for somebody who prefers to be rung, or "unread"
    where somebody answered by mail and it could not be filed. `about` is the reference of the enquiry, and empty where
    there is none. `kind` says who was to be told, or who wrote: contact, facilitator or ops. `session_number` and
    `session_date` say which session it is about, where it is about one.
    """

    message_id: UUID
    template: str
    about: str
    kind: str
    state: str
    at: datetime
    session_number: int | None = None
    session_date: date | None = None
