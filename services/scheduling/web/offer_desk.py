"""What the pages of offers need of the service behind them, and what gives it to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.scheduling.handlers import offers as handlers
from services.scheduling.queries import offers as queries
from services.scheduling.web.offer_links import OfferLinks
from shared.config import Settings
from shared.errors import Refused
from shared.persistence.work import Store

BY_LINK = "the facilitator, by their link"
"""Who is written down for a change that a link's holder made."""


class Desk(Protocol):
    """Shows an offer to whoever holds its link, and takes their answer."""

    def letter(self, token: str) -> dict[str, Any] | None:
        """Give the offer that a link names, as `queries.offers.get_letter` does, or None for a link that is not ours.

        With it come `org_name`, `ask` (whom to write to) and `link`; `state` is "lapsed" once its time is over.
        """

    def accept(self, token: str) -> None:
        """Take a yes. Raises `Refused` in words for the facilitator."""

    def decline(self, token: str) -> None:
        """Take a no. Raises `Refused` in words for the facilitator."""


class OfferDesk:
    """The desk over this service's own database."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._links = OfferLinks(settings.secret_keys, settings.public_url)
        self._org_name = settings.org_name
        self._ask = settings.ops_mailbox

    def letter(self, token: str) -> dict[str, Any] | None:
        """Give the offer that a link names."""
        offer_id = self._links.read(token)
        if offer_id is None:
            return None
        try:
            return self.letter_of(offer_id)
        except Refused:
            return None

    def letter_of(self, offer_id: UUID) -> dict[str, Any]:
        """Give an offer with its link and whom to ask. Raises `Refused("not_found")`."""
        with self._store.database.reading() as connection:
            letter = queries.get_letter(connection, offer_id)
        over = letter["state"] == "open" and datetime.fromisoformat(letter["answer_by"]) <= self._store.clock()
        return letter | {
            "state": "lapsed" if over else letter["state"],
            "org_name": self._org_name,
            "ask": self._ask,
            "link": self._links.link(offer_id),
        }

    def accept(self, token: str) -> None:
        """Take a yes."""
        with self._store.work() as work:
            handlers.accept_offer(work, self._named(token), actor=BY_LINK)

    def decline(self, token: str) -> None:
        """Take a no."""
        with self._store.work() as work:
            handlers.decline_offer(work, self._named(token))

    def _named(self, token: str) -> UUID:
        offer_id = self._links.read(token)
        if offer_id is None:
            raise Refused("not_found", "This link is not complete. Please open it from our email again.")
        return offer_id
