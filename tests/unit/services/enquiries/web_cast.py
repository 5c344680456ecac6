"""An intake for tests of the public web side, and the least that an enquirer says."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from werkzeug.test import TestResponse

from services.enquiries.domain.screening import NO_SIGNS, Signs

LEAST = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Jo Hargreaves",
    "contact_email": "jo.hargreaves@risley.example",
}
PARTNER = "https://partner.example"


@dataclass(frozen=True)
class Receipt:
    reference: str
    received_at: datetime
    repeated: bool


@dataclass
class Intake:
    """Keeps what it is given, one enquiry for each key."""

    org_name: str = "Open Gate <Trust>"
    public_url: str = "https://keys.example"
    allowed_origins: tuple[str, ...] = ()
    secret_keys: tuple[str, ...] = ("new key", "old key")
    status: str = "ready"
    trouble: Exception | None = None
    received: list[tuple[dict[str, Any], str | None, str]] = field(default_factory=list)
    signs: list[Signs] = field(default_factory=list)
    by_key: dict[str, Receipt] = field(default_factory=dict)

    def receive(
        self, answers: dict[str, Any], idempotency_key: str | None, channel: str, signs: Signs = NO_SIGNS
    ) -> Receipt:
        if self.trouble:
            raise self.trouble
        if idempotency_key in self.by_key:
            return self.by_key[idempotency_key]
        self.received.append((answers, idempotency_key, channel))
        self.signs.append(signs)
        receipt = Receipt(f"KT-7F3K-9{len(self.received) + 1}", datetime(2026, 11, 2, 9, tzinfo=UTC), False)
        self.by_key[idempotency_key or str(len(self.received))] = receipt
        return receipt

    def today(self) -> date:
        return date(2026, 11, 2)

    def establishments(self) -> list[dict[str, Any]]:
        if self.trouble:
            raise self.trouble
        return [
            {"id": "RSI", "name": "HMP Risley", "town": "Warrington", "other_names": ["Risley Remand Centre"]},
            {"id": "ISI", "name": 'Isle "of" <Sheppey>', "town": "", "other_names": []},
        ]


def token_in(page: TestResponse) -> str:
    """Give the token that a page of the form carries."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found
    return html.unescape(found[1])
