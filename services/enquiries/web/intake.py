"""What the web side needs of the service behind it, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Protocol

from services.enquiries.domain.screening import NO_SIGNS, Signs

Channel = Literal["api", "form", "website"]


class Receipt(Protocol):
    """An enquiry that is safely stored."""

    @property
    def reference(self) -> str:
        """The public reference."""

    @property
    def received_at(self) -> datetime:
        """When it was stored."""

    @property
    def repeated(self) -> bool:
        """Whether the same one had already come under the same key."""


class Intake(Protocol):
    """Takes enquiries in, and knows what the pages show around the form."""

    @property
    def org_name(self) -> str:
        """The name of the organisation that the form belongs to."""

    @property
    def public_url(self) -> str:
        """Where the form is on the internet, such as `https://example.org`; no slash at the end."""

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The websites whose pages may call the API or show the form in a frame."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys that sign the form's tokens: the first signs, all of them are accepted."""

    def today(self) -> date:
        """Give the day it is here, in London."""

    def receive(
        self, answers: dict[str, Any], idempotency_key: str | None, channel: Channel, signs: Signs = NO_SIGNS
    ) -> Receipt:
        """Store an enquiry once for each key. `answers` is what `schemas.parse_enquiry` gives.

        Raises `Refused`: `invalid` (an answer, or a key seen with other answers), `unavailable` (no database).
        """

    def receive_canary(self, mark: str) -> Receipt:
        """Take a test enquiry of our own by its signed mark: it is noted as arrived, and is no enquiry.

        Raises `Refused`: `invalid` (the mark is not ours), `not_found` (not sent from here), `unavailable`.
        """

    def establishments(self) -> Sequence[Mapping[str, Any]]:
        """Give the active establishments in the order to show them: id, name, town, other_names (a list)."""
