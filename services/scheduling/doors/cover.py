"""Who could lead a session, and offers to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from nameko.extensions import DependencyProvider

from services.scheduling.handlers import coming_off, cover_needed, offers, settling_offers
from services.scheduling.handlers.cover_needed import LOOK_FOR_COVER
from services.scheduling.handlers.settling_offers import LAPSE_OFFERS
from services.scheduling.offer_schemas import OfferListSchema, OfferSchema, WithdrawalSchema
from services.scheduling.queries import cover
from services.scheduling.queries import offers as offer_queries
from services.scheduling.queries.theirs import refuse_others_offer
from services.scheduling.schemas import read, read_id, read_whose
from services.scheduling.web.offer_desk import OfferDesk
from shared.doors.backing import Backing
from shared.doors.jobs import runs
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork


class OfferDeskProvider(DependencyProvider):
    """Injects an `OfferDesk`."""

    backing = Backing()

    def get_dependency(self, worker_ctx: Any) -> OfferDesk:
        """Give the desk to a worker."""
        return OfferDesk(self.backing.store(), self.backing.settings)


class CoverDoors:
    """Who could lead a session, and offers to them."""

    store: Store
    offer_desk = OfferDeskProvider()

    @operation
    def get_cover(self, session: str) -> dict[str, Any]:
        """Give who could lead a session, ranked, and for everybody else on file every reason why they cannot."""
        with self.store.database.reading() as connection:
            return cover.get_cover(connection, read_id(session, "session"))

    @change
    def withdraw_from_session(self, sessions: list[str], facilitator: str, actor: str | None = None) -> dict[str, Any]:
        """Take a facilitator off sessions of one run and have ops find cover. Why is not asked, and not kept."""
        asked = read(WithdrawalSchema(), sessions=sessions, facilitator=facilitator)
        with self.store.work() as work:
            change_id = coming_off.withdraw_from_session(work, **asked, actor=actor or "unnamed")
            lists = [cover.get_cover(work.connection, each) for each in asked["session_ids"]]
            return work.answer({"change": str(change_id), "sessions": lists})

    @change
    def make_offer(
        self,
        sessions: list[str],
        facilitator: str,
        role: str = "cover",
        instead_of: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Ask a facilitator whether they would lead some sessions of one run; they get a letter with a link."""
        asked = read(OfferSchema(), sessions=sessions, facilitator=facilitator, role=role, instead_of=instead_of)
        with self.store.work() as work:
            made = offers.make_offer(work, asked, actor=actor or "unnamed")
            return work.answer(offer_queries.get_offer(work.connection, made))

    @change
    def accept_offer(self, offer: str, facilitator: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Record that a facilitator said yes, such as on the telephone; by the link they do this themselves.

        `facilitator` says whose offer it must be.
        """
        act = partial(offers.accept_offer, actor=actor or "unnamed")
        return self._answer(offer, act, facilitator)

    @change
    def decline_offer(self, offer: str, facilitator: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Record that a facilitator said no. Why is not asked. `facilitator` says whose offer it must be."""
        return self._answer(offer, offers.decline_offer, facilitator)

    @change
    def withdraw_offer(self, offer: str, actor: str | None = None) -> dict[str, Any]:
        """Take an open offer back, and tell the facilitator."""
        return self._answer(offer, offers.withdraw_offer)

    def _answer(
        self, offer: str, act: Callable[[UnitOfWork, UUID], None], facilitator: str | None = None
    ) -> dict[str, Any]:
        found, whose = read_id(offer, "offer"), read_whose(facilitator)
        with self.store.work() as work:
            refuse_others_offer(work.connection, found, whose)
            act(work, found)
            return work.answer(offer_queries.get_offer(work.connection, found))

    @operation
    def get_offer(self, offer: str, facilitator: str | None = None) -> dict[str, Any]:
        """Give one offer with its sessions; `facilitator` says whose it must be."""
        found, whose = read_id(offer, "offer"), read_whose(facilitator)
        with self.store.database.reading() as connection:
            refuse_others_offer(connection, found, whose)
            return offer_queries.get_offer(connection, found)

    @operation
    def list_offers(
        self,
        limit: int = 50,
        run: str | None = None,
        session: str | None = None,
        state: str | None = None,
        facilitator: str | None = None,
    ) -> list[dict[str, Any]]:
        """List offers, the newest first."""
        chosen = read(OfferListSchema(), run=run, session=session, state=state, facilitator=facilitator)
        with self.store.database.reading() as connection:
            return offer_queries.list_offers(connection, limit=page_size(limit), **chosen)

    @operation
    def get_offer_letter(self, offer: str) -> dict[str, Any]:
        """Give what the letter of an offer says, with the signed link, which stands nowhere else.

        Raises `Refused` once it is not open: there is nothing to answer then.
        """
        letter: dict[str, Any] = self.offer_desk.letter_of(read_id(offer, "offer"))
        if letter["state"] != "open":
            raise Refused("refused", f"This offer is {letter['state']}, so nobody can answer it now.")
        return letter

    @runs(LAPSE_OFFERS)
    def lapse_offers(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Close offers whose last moment has come."""
        settling_offers.lapse_offers(self.store, [UUID(each) for each in subjects])

    @runs(LOOK_FOR_COVER)
    def look_for_cover(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Say what to do about sessions that nobody was found for."""
        cover_needed.look_for_cover(self.store, [UUID(each) for each in subjects])
