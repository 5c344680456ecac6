"""What the notifications service tells the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    },
)
@dataclass(frozen=True, slots=True)
class MessageAccepted:
    """A mail server took a message. `about` is the reference of the enquiry it concerns."""

    message_id: UUID
    template: str
    about: str
    accepted_at: datetime


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
