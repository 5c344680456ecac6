"""Offers to facilitators: made, accepted, declined, taken back. Accepting puts every rule again, under lock."""

from __future__ import annotations

import datetime as dt
from typing import NoReturn
from uuid import UUID

from sqlalchemy import insert, select

from services.scheduling.domain.changes import Swap
from services.scheduling.domain.commands import MakeOffer
from services.scheduling.domain.cover import is_gap, why_not
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.offers import Offer, first_answer_by
from services.scheduling.domain.runs import Run, Session
from services.scheduling.domain.words import in_words, listed
from services.scheduling.handlers import changing
from services.scheduling.handlers.planning import hold_people
from services.scheduling.handlers.settling_offers import LAPSE_OFFERS, about_offer, settle
from services.scheduling.records import load_establishment, load_facts, load_programme, load_run
from services.scheduling.records.offers import load_offer, load_open_offers, who_came_off
from services.scheduling.tables import offers, sessions
from shared.contracts.scheduling import OfferMade
from shared.errors import Refused
from shared.persistence.work import UnitOfWork


def make_offer(work: UnitOfWork, asked: MakeOffer, *, actor: str) -> UUID:
    """Ask a facilitator whether they would lead some sessions of one run, and give the offer's id.

    Raises `Refused`: "not_found"; "refused" where the sessions do not stand or need nobody, where it is too late to
    ask, or with every reason why the person could not take them now; "conflict" where they are asked already.
    """
    run = load_run(work.connection, run_of(work, asked.session_ids), lock=True)
    wanted = planned_sessions(work, run, asked.session_ids)
    hold_people(work, {asked.facilitator_id})
    facts = _facts_for(work, run, wanted, asked.facilitator_id)
    _refuse_without_gap(wanted, asked.instead_of, facts)
    _refuse_what_speaks_against(work, run, wanted, asked.facilitator_id, facts)
    _refuse_if_asked_already(work, run, asked)
    until = first_answer_by(wanted, facts.establishment.report_minutes)
    if until <= work.now:
        raise Refused(
            "refused",
            "There is no time left to ask by letter: who leads the first of these sessions has to be known by now. "
            "Ring them, and once they say yes put them in by hand; or cancel the session as facilitator_unavailable.",
        )
    offer = Offer(
        id=work.new_id(),
        run_id=run.id,
        facilitator_id=asked.facilitator_id,
        session_ids=tuple(each.id for each in wanted),
        role=asked.role,
        instead_of=asked.instead_of,
        state="open",
        answer_by=until,
        told=1,
    )
    _save(work, offer, actor)
    work.schedule(LAPSE_OFFERS, str(offer.id), until)
    event = OfferMade(
        **about_offer(work, offer, run),
        offer_id=offer.id,
        facilitator_id=offer.facilitator_id,
        kind=offer.role,
        answer_by=until,
    )
    work.record(event, subject=str(offer.id), sequence=offer.told)
    return offer.id


def accept_offer(work: UnitOfWork, offer_id: UUID, *, actor: str) -> None:
    """Take a facilitator's yes: they lead all the sessions of the offer from now on, or none.

    Other open offers for what is filled now are withdrawn by the change itself. Saying yes twice is saying it once.
    Raises `Refused` in words for the facilitator: "conflict" where the sessions are covered or the offer is closed,
    "refused" where its time is over. Where a rule or another's booking speaks against it by now, the refusal names
    fields: those words are for the operators.
    """
    run, offer = _held(work, offer_id)
    if offer.state == "accepted":
        return
    _refuse_unless_open(work, offer)
    wanted = [each for each in run.live if each.id in offer.session_ids and each.state == "planned"]
    if len(wanted) < len(offer.session_ids):
        raise Refused("conflict", "One of these sessions takes place no more, so there is nothing to say yes to.")
    _hold_people(work, run, offer)
    facts = _facts_for(work, run, wanted, offer.facilitator_id)
    if not all(is_gap(each, offer.instead_of, facts.programme) for each in wanted):
        raise Refused("conflict", "Thank you. This is covered already, and there is nothing more that you need to do.")
    _refuse_what_speaks_against(work, run, wanted, offer.facilitator_id, facts)
    settle(work, offer, "accepted", run)
    for swap in _swaps(run, offer, wanted, work.now):
        _apply(work, run, swap, actor)


def decline_offer(work: UnitOfWork, offer_id: UUID) -> None:
    """Take a facilitator's no, which needs no reason. Saying no twice is saying it once.

    Raises `Refused`: "not_found"; "conflict" where they have accepted before. To come off is another step then.
    """
    run, offer = _held(work, offer_id)
    if offer.state == "accepted":
        raise Refused("conflict", "You have said yes to this offer. If that has changed, please tell us at once.")
    if offer.is_open:
        settle(work, offer, "declined", run)


def withdraw_offer(work: UnitOfWork, offer_id: UUID) -> None:
    """Take an offer back. Raises `Refused`: "not_found"; "conflict" where it is settled already."""
    run, offer = _held(work, offer_id)
    if not offer.is_open:
        raise Refused("conflict", f"This offer is {offer.state} already, so there is nothing to take back.")
    settle(work, offer, "withdrawn", run)


def run_of(work: UnitOfWork, session_ids: tuple[UUID, ...]) -> UUID:
    """Give the one run that some sessions belong to. Raises `Refused`: "not_found", "invalid"."""
    table = sessions.c
    found = dict(work.connection.execute(select(table.id, table.run_id).where(table.id.in_(session_ids))).all())
    missing = [str(each) for each in session_ids if each not in found]
    if missing:
        why = f"There is no session {listed(missing)}. `keytalk runs show` has the ids of sessions."
        raise Refused("not_found", why, {"sessions": [why]})
    if len(set(found.values())) > 1:
        why = "These sessions belong to more than one run. Ask for each run by itself."
        raise Refused("invalid", why, {"sessions": [why]})
    return UUID(str(next(iter(found.values()))))


def planned_sessions(work: UnitOfWork, run: Run, session_ids: tuple[UUID, ...]) -> list[Session]:
    """Give those sessions of a confirmed run, the first one first.

    Raises `Refused` where the run does not stand, or one of them takes place no more or has begun.
    """
    if run.state != "confirmed":
        raise Refused("refused", f"This run is {run.state}. Who leads its sessions can be asked once it is confirmed.")
    wanted = sorted((each for each in run.sessions if each.id in session_ids), key=lambda each: each.starts_at())
    gone = [each for each in wanted if each.state != "planned" or each.starts_at() <= work.now]
    if gone:
        numbers = listed([str(each.number) for each in gone])
        why = f"Session {numbers} has begun, or takes place no more. Leave it out: its people stay as they are."
        raise Refused("refused", why, {"sessions": [why]})
    return wanted


def _held(work: UnitOfWork, offer_id: UUID) -> tuple[Run, Offer]:
    """Give an offer and its run, both held: first the run, as every change of a run does."""
    run = load_run(work.connection, load_offer(work.connection, offer_id).run_id, lock=True)
    return run, load_offer(work.connection, offer_id, lock=True)


def _hold_people(work: UnitOfWork, run: Run, offer: Offer) -> None:
    """Hold everybody who leads the run, and who comes, so that no other run takes their hours meanwhile."""
    hold_people(work, {offer.facilitator_id, *(person for each in run.live for person in each.facilitator_ids)})


def _facts_for(work: UnitOfWork, run: Run, wanted: list[Session], person: UUID) -> Facts:
    establishment = load_establishment(work.connection, run.establishment_id)
    programme = load_programme(work.connection, run.programme, run.programme_version)
    people = {person, *(each for session in wanted for each in session.facilitator_ids)}
    between = (wanted[0].date, wanted[-1].date)
    facts = load_facts(work.connection, establishment, programme, run=run, people=people, between=between)
    if person not in facts.facilitators or facts.facilitators[person].state == "left":
        why = f"No facilitator is on file with id {person}. `keytalk facilitators list` shows them."
        raise Refused("not_found", why, {"facilitator": [why]})
    return facts


def _refuse_without_gap(wanted: list[Session], instead_of: UUID | None, facts: Facts) -> None:
    full = [str(each.number) for each in wanted if not is_gap(each, instead_of, facts.programme)]
    if full:
        why = f"Session {listed(full)} has everybody it needs. Say in whose place this would be, or leave it out."
        raise Refused("refused", why, {"sessions": [why]})


def _refuse_what_speaks_against(work: UnitOfWork, run: Run, wanted: list[Session], person: UUID, facts: Facts) -> None:
    off = who_came_off(work.connection, run.id, [each.id for each in wanted])
    reasons = [
        f"Session {session.number} on {in_words(session.date)}: {breach.why}"
        for session in wanted
        for breach in why_not(session, person, facts, off[session.id])
    ]
    if reasons:
        why = "This cannot be taken as things stand."
        raise Refused("refused", f"{why} {reasons[0]}", {"facilitator": reasons})


def _refuse_if_asked_already(work: UnitOfWork, run: Run, asked: MakeOffer) -> None:
    for offer in load_open_offers(work.connection, run.id):
        if offer.facilitator_id == asked.facilitator_id and set(offer.session_ids) & set(asked.session_ids):
            why = f"They are asked already: offer {offer.id} is open. Wait for the answer, or withdraw it first."
            raise Refused("conflict", why, {"facilitator": [why]})


def _refuse_unless_open(work: UnitOfWork, offer: Offer) -> None:
    if not offer.is_open:
        _refuse_settled(offer)
    if offer.answer_by <= work.now:
        raise Refused("refused", "The time to answer is over. Thank you all the same: nothing more is needed of you.")


def _refuse_settled(offer: Offer) -> NoReturn:
    words = {
        "declined": "You have said no to this offer. If that has changed, please tell us.",
        "withdrawn": "Thank you. This is covered already, or is not needed any more. There is nothing for you to do.",
        "lapsed": "The time to answer is over. Thank you all the same: nothing more is needed of you.",
    }
    raise Refused("conflict", words[offer.state])


def _apply(work: UnitOfWork, run: Run, swap: Swap, actor: str) -> None:
    """Change the run. What it refuses is said to whoever plans, and so names a field: see `accept_offer`."""
    try:
        changing.apply(work, run.id, swap, basis=None, actor=actor, accept_breaches=True)
    except Refused as refused:
        raise Refused(refused.code, refused.detail, refused.fields or {"offer": [refused.detail]}) from None


def _swaps(run: Run, offer: Offer, wanted: list[Session], now: dt.datetime) -> list[Swap]:
    """Give the changes that a yes makes: two where whom they stand in for has come off some of the sessions only.

    For a regular place on all that is still to be held, the team of the run changes as well.
    """
    led = [each for each in wanted if offer.instead_of in each.facilitator_ids]
    free = [each for each in wanted if each not in led]
    to_come = {each.id for each in run.live if each.state == "planned" and each.starts_at() > now}
    joins = offer.role == "regular" and to_come == set(offer.session_ids)
    found = [(offer.instead_of, led), (None, free)]
    groups = [(out, tuple(each.id for each in those)) for out, those in found if those]
    return [
        Swap(() if joins and place == 0 else ids, out, offer.facilitator_id) for place, (out, ids) in enumerate(groups)
    ]


def _save(work: UnitOfWork, offer: Offer, actor: str) -> None:
    row = {
        "id": offer.id,
        "run_id": offer.run_id,
        "facilitator_id": offer.facilitator_id,
        "session_ids": [str(each) for each in offer.session_ids],
        "role": offer.role,
        "instead_of": offer.instead_of,
        "state": offer.state,
        "made_at": work.now,
        "made_by": actor,
        "answer_by": offer.answer_by,
        "told": offer.told,
    }
    work.connection.execute(insert(offers), row)
