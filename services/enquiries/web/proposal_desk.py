"""What the proposal pages need of the service behind them, and what gives it to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection

from services.enquiries import queries
from services.enquiries.documents import print_proposal
from services.enquiries.domain.agreements import How
from services.enquiries.domain.proposals import OPEN, ProposalState, is_over
from services.enquiries.domain.timeline import ENQUIRER
from services.enquiries.handlers import agreements, proposals
from services.enquiries.web.proposal_links import Named, ProposalLinks
from shared.clock import day_in_london
from shared.config import Settings
from shared.errors import Refused
from shared.persistence.work import Store


class Desk(Protocol):
    """Shows a proposal to whoever holds its link, and takes their yes."""

    def letter(self, token: str) -> dict[str, Any] | None:
        """Give the proposal that a link names, as `queries.get_letter` does, or None for a link that is not ours.

        With it come org_name, ask, link, signatures and purchase_order, as the paper has them; `state` is "expired"
        from the day after the last one on.
        """

    def accept(self, token: str, who: Mapping[str, Any]) -> None:
        """Accept the proposal that a link names. Raises `Refused` where it is no longer open."""

    def decline(self, token: str, reason: str | None) -> None:
        """Take a no to the proposal that a link names. Raises `Refused` where it is no longer open."""

    def paper(self, letter: Mapping[str, Any]) -> bytes:
        """Give a proposal as a PDF. Raises `Refused("unavailable")`."""

    def today(self) -> date:
        """Give the day it is here, in London."""


class ProposalDesk:
    """The desk over this service's own database."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._links = ProposalLinks(settings.secret_keys, settings.public_url)
        self._org_name = settings.org_name
        self._ask = settings.ops_mailbox

    def letter(self, token: str) -> dict[str, Any] | None:
        """Give the proposal that a link names."""
        named = self._links.read(token)
        if named is None:
            return None
        with self._store.database.reading() as connection:
            try:
                letter = self.letter_of(connection, named.proposal_id)
            except Refused:
                return None
        return letter if letter["version"] == named.version else None

    def letter_of(self, connection: Connection, proposal_id: UUID) -> dict[str, Any]:
        """Give a proposal with whom it is for, where to accept it and who has signed. Raises `Refused("not_found")`."""
        letter = queries.get_letter(connection, proposal_id)
        agreement = queries.agreement_of(connection, proposal_id) or {}
        state = self._state_today(letter)
        return letter | {
            "state": state.value,
            "org_name": self._org_name,
            "ask": self._ask,
            "link": self._link(letter) if state is ProposalState.SENT else None,
            "signatures": agreement.get("signatures", []),
            "purchase_order": agreement.get("purchase_order"),
        }

    def accept(self, token: str, who: Mapping[str, Any]) -> None:
        """Accept the proposal that a link names."""
        named = self._named(token)
        with self._store.work() as work:
            agreements.accept_proposal(work, named.proposal_id, who, how=How.LINK)

    def decline(self, token: str, reason: str | None) -> None:
        """Take a no to the proposal that a link names."""
        named = self._named(token)
        with self._store.work() as work:
            to = ProposalState.DECLINED
            proposals.settle_proposal(work, named.proposal_id, to, actor=ENQUIRER, reason=reason)

    def paper(self, letter: Mapping[str, Any]) -> bytes:
        """Give a proposal as a PDF."""
        return print_proposal(letter)

    def today(self) -> date:
        """Give the day it is here, in London."""
        return day_in_london(self._store.clock())

    def _named(self, token: str) -> Named:
        named = self._links.read(token)
        if named is None:
            raise Refused("not_found", "This link is not complete. Please open it from our email again.")
        return named

    def _state_today(self, letter: Mapping[str, Any]) -> ProposalState:
        state = ProposalState(letter["state"])
        if letter["erased"] and state in OPEN:
            return ProposalState.WITHDRAWN
        over = state is ProposalState.SENT and is_over(date.fromisoformat(letter["valid_until"]), self.today())
        return ProposalState.EXPIRED if over else state

    def _link(self, letter: Mapping[str, Any]) -> str:
        return self._links.link(UUID(letter["id"]), letter["version"])
