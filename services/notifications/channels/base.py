"""The door every channel opens: deliver a mail once, and say afterwards whether it got there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class TemporaryFailure(Exception):
    """Nothing was delivered; the same mail may get through later. Its words hold no personal data."""


class PermanentFailure(Exception):
    """Nothing was delivered, and the same mail never will be. Its words hold no personal data."""


class RecipientRefused(PermanentFailure):
    """The server knows no such recipient, or will never take mail for them: their address has bounced."""


class OutcomeUnknown(Exception):
    """The mail may or may not have been delivered; sending it again could make two of it."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail; `parameters` go on its content type, such as `method=PUBLISH`."""

    filename: str
    content_type: str
    content: str | bytes
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mail:
    """One mail, ready to go.

    `sender`, `recipient` and `reply_to` are bare addresses, exactly one each; `sender_name` stands beside the
    sender's. `date` carries its zone. `message_id` is `<left@right>` and decides whether two mails are one.

    `unsubscribe` is the address that one click posts to (RFC 8058), `page` that of the recipient's preferences.
    `return_path` is the bare address that bounces go to; None means the sender's. `idempotency_key` is the same for
    every attempt at one mail. `reference` is the enquiry's, such as KT-7F3K-92: answers are filed by it.
    """

    message_id: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    date: datetime
    reply_to: str | None = None
    sender_name: str = ""
    attachments: tuple[Attachment, ...] = ()
    auto_submitted: str = "auto-generated"
    references: tuple[str, ...] = ()
    unsubscribe: str | None = None
    page: str | None = None
    return_path: str | None = None
    idempotency_key: str | None = None
    reference: str | None = None


class Channel(Protocol):
    """A way to deliver mail."""

    def deliver(self, mail: Mail) -> None:
        """Hand the mail over, and return once it has been taken.

        Raises TemporaryFailure, PermanentFailure (RecipientRefused where the address is at fault) or OutcomeUnknown.
        """

    def settle(self, message_id: str) -> bool | None:
        """Say whether a mail was delivered: True it was, False it surely was not, None nobody can know.

        Asked after a crash, when an attempt was begun and its outcome never recorded.
        """
