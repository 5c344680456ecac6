"""How offers to facilitators end, each told once: answered, taken back, lapsed, or overtaken by a change of the run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.domain.cover import is_gap
from services.scheduling.domain.offers import Offer, OfferState
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Run, Session
from services.scheduling.handlers import telling
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.records.offers import load_offer, load_open_offers
from services.scheduling.tables import offers
from shared.contracts.scheduling import OfferSettled
from shared.persistence.work import Store, UnitOfWork

LAPSE_OFFERS = "lapse_offers"
"""The kind of job that closes offers nobody answered."""


def settle(work: UnitOfWork, offer: Offer, state: OfferState, run: Run) -> None:
    """Close an offer that is held and open, and tell it."""
    told = offer.told + 1
    settled = {"state": state, "answered_at": work.now, "told": told}
    work.connection.execute(update(offers).where(offers.c.id == offer.id).values(settled))
    event = OfferSettled(
        **about_offer(work, offer, run),
        offer_id=offer.id,
        facilitator_id=offer.facilitator_id,
        state=state,
    )
    work.record(event, subject=str(offer.id), sequence=told)


def about_offer(work: UnitOfWork, offer: Offer, run: Run) -> dict[str, Any]:
    """Give what both events about an offer say of its run and its sessions."""
    establishment = load_establishment(work.connection, run.establishment_id)
    programme = load_programme(work.connection, run.programme, run.programme_version)
    return {
        **telling.about_run(run, establishment, programme),
        "first_date": first_date(offer, run),
        "session_count": len(offer.session_ids),
    }


def first_date(offer: Offer, run: Run) -> date:
    """Give the date of an offer's first session, as the run has it."""
    wanted = set(offer.session_ids)
    return min((each.date for each in run.sessions if each.id in wanted), default=run.sessions[0].date)


def settle_overtaken(work: UnitOfWork, was: Run, now: Run, programme: Programme) -> None:
    """Withdraw the open offers that a change of their run has overtaken. Every change of a run calls this.

    An offer is overtaken where one of its sessions takes place no more, or at another time, and where a session has
    everybody it needs by now.
    """
    before = {each.id: each for each in was.sessions}
    after = {each.id: each for each in now.sessions}
    for offer in load_open_offers(work.connection, now.id):
        if any(_is_overtaken(each, offer, before, after, programme) for each in offer.session_ids):
            settle(work, offer, "withdrawn", now)


def _is_overtaken(
    session_id: UUID,
    offer: Offer,
    before: Mapping[UUID, Session],
    after: Mapping[UUID, Session],
    programme: Programme,
) -> bool:
    was, now = before.get(session_id), after.get(session_id)
    if was is None or now is None or now.state != "planned":
        return True
    moved = (was.starts_at(), was.ends_at()) != (now.starts_at(), now.ends_at())
    return moved or not is_gap(now, offer.instead_of, programme)


def lapse_offers(store: Store, offer_ids: list[UUID]) -> None:
    """Close the offers whose last moment has come. Safe to repeat."""
    for offer_id in offer_ids:
        with store.work() as work:
            lapse(work, offer_id)


def lapse(work: UnitOfWork, offer_id: UUID) -> None:
    """Close one offer, where it is still open and its time is over."""
    run_id = work.connection.scalar(select(offers.c.run_id).where(offers.c.id == offer_id))
    if run_id is None:
        return
    run = load_run(work.connection, run_id, lock=True)
    offer = load_offer(work.connection, offer_id, lock=True)
    if offer.is_open and offer.answer_by <= work.now:
        settle(work, offer, "lapsed", run)
