"""Offers to facilitators, read for operators, and for the letter and the page they are answered by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.offers import Offer, arrive_by
from services.scheduling.domain.runs import Run, Session
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.records.offers import load_offer
from services.scheduling.tables import establishments, facilitators, offers, runs, sessions
from shared.persistence.types import AnyRow


def list_offers(
    connection: Connection,
    *,
    limit: int,
    run_id: UUID | None = None,
    session_id: UUID | None = None,
    state: str | None = None,
    facilitator_id: UUID | None = None,
) -> list[dict[str, Any]]:
    """List offers, the newest first; of one run, for one session, in one state, or to one facilitator."""
    query = (
        select(offers, facilitators.c.name, runs.c.enquiry, establishments.c.name.label("establishment"))
        .join_from(offers, facilitators, facilitators.c.id == offers.c.facilitator_id)
        .join(runs, runs.c.id == offers.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .order_by(offers.c.made_at.desc(), offers.c.id.desc())
    )
    if session_id is not None:
        run_id = connection.scalar(select(sessions.c.run_id).where(sessions.c.id == session_id)) or session_id
    if run_id is not None:
        query = query.where(offers.c.run_id == run_id)
    if state is not None:
        query = query.where(offers.c.state == state)
    if facilitator_id is not None:
        query = query.where(offers.c.facilitator_id == facilitator_id)
    if session_id is None:
        query = query.limit(limit)
    found = connection.execute(query).all()
    # Which sessions an offer is for lies in a list of its own: one run has few offers.
    about = [row for row in found if session_id is None or str(session_id) in row.session_ids]
    return [_listed(row) for row in about[:limit]]


def get_offer(connection: Connection, offer_id: UUID) -> dict[str, Any]:
    """Give one offer with its sessions, as operators see it. Raises `Refused("not_found")`."""
    letter = get_letter(connection, offer_id)
    wanted = ("offer", "run", "enquiry", "state", "role", "facilitator", "establishment", "sessions", "answer_by")
    return {name: letter[name] for name in wanted} | {"instead_of": letter["instead_of"]}


def get_letter(connection: Connection, offer_id: UUID) -> dict[str, Any]:
    """Give an offer as the letter and the page say it: to whom, where, when, with whom, until when.

    Times are local, `answer_by` an instant. Each session has who else leads it and by when to arrive. Raises
    `Refused("not_found")`.
    """
    offer = load_offer(connection, offer_id)
    run = load_run(connection, offer.run_id)
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    theirs = sorted((each for each in run.sessions if each.id in offer.session_ids), key=lambda each: each.starts_at())
    names = _names(connection, offer, theirs)
    return {
        "offer": str(offer.id),
        "run": str(run.id),
        "enquiry": run.enquiry,
        "state": offer.state,
        "role": offer.role,
        "facilitator": {"id": str(offer.facilitator_id), "name": names[offer.facilitator_id]},
        "instead_of": _person(offer.instead_of, names),
        "programme": programme.name,
        "mode": run.mode,
        "zone": run.zone,
        "establishment": {"id": establishment.id, "name": establishment.name, "town": establishment.town},
        "sessions": [_session(each, offer, run, establishment, names) for each in theirs],
        "answer_by": offer.answer_by.isoformat(),
    }


def _session(
    session: Session, offer: Offer, run: Run, establishment: Establishment, names: dict[UUID, str]
) -> dict[str, Any]:
    leaves = {offer.facilitator_id} if offer.state == "accepted" else {offer.facilitator_id, offer.instead_of}
    in_prison = run.mode == "in_person"
    return {
        "id": str(session.id),
        "number": session.number,
        "date": session.date.isoformat(),
        "start": session.start.isoformat("minutes"),
        "end": session.end.isoformat("minutes"),
        "arrive_by": arrive_by(session, establishment.report_minutes).isoformat("minutes") if in_prison else None,
        "with": [names[each] for each in session.facilitator_ids if each not in leaves],
        "state": session.state,
    }


def _names(connection: Connection, offer: Offer, theirs: Iterable[Session]) -> dict[UUID, str]:
    people = {offer.facilitator_id, offer.instead_of, *(each for one in theirs for each in one.facilitator_ids)}
    table = facilitators.c
    rows = connection.execute(select(table.id, table.name).where(table.id.in_([each for each in people if each])))
    return {row.id: row.name for row in rows}


def _person(person: UUID | None, names: dict[UUID, str]) -> dict[str, str] | None:
    return {"id": str(person), "name": names[person]} if person else None


def _listed(row: AnyRow) -> dict[str, Any]:
    return {
        "offer": str(row.id),
        "run": str(row.run_id),
        "enquiry": row.enquiry,
        "establishment": row.establishment,
        "facilitator": str(row.facilitator_id),
        "name": row.name,
        "role": row.role,
        "sessions": list(row.session_ids),
        "state": row.state,
        "answer_by": row.answer_by.isoformat(),
        "made_at": row.made_at.isoformat(),
        "answered_at": row.answered_at.isoformat() if row.answered_at else None,
    }
