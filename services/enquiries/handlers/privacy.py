"""Requests about personal data: noted with their due day, met by an export or by an erasure, and settled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update

from services.enquiries.domain.people import ContactStatus
from services.enquiries.domain.privacy import (
    KEPT_UNTIL,
    KEPT_WHY,
    DueDates,
    Person,
    due_dates,
    normalise_email,
    person_hash,
    person_hashes,
    without,
)
from services.enquiries.handlers.erasing import erase
from services.enquiries.queries.privacy import conditions_of, find_person, names_elsewhere
from services.enquiries.queries.threads import contact_of, root_of
from services.enquiries.tables import (
    agreements,
    data_requests,
    enquiries,
    signatures,
    suppressions,
    timeline,
)
from shared.clock import day_in_london
from shared.contracts.enquiries import PersonErased
from shared.errors import Refused
from shared.holidays import bank_holidays_of
from shared.messaging.housekeeping import wipe_after
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

EXPORT, ERASURE = "export", "erasure"
OPEN, CLOSED = "open", "closed"

_SHORTEST_REASON, _LONGEST_REASON = 3, 200


def note_request(work: UnitOfWork, kind: str, who: str, keys: Sequence[str], received_on: date, actor: str) -> AnyRow:
    """Note that somebody asks for their data or to be erased, with the day by which that is due; give its row.

    `who` is an email address or a contact id. One that is open already is the same request.
    """
    known = _open_request(work, kind, _hashes_of(work, who, keys))
    return known or _add_request(work, kind, _hashes_of(work, who, keys)[0], received_on, actor)


def settle_request(
    work: UnitOfWork, kind: str, person: Person, keys: Sequence[str], outcome: dict[str, Any], actor: str
) -> AnyRow:
    """Close the open request of a person, or note one that came today and is met today; give its row.

    `outcome` is kept: counts and reasons, nothing personal.
    """
    hashes = person_hashes(keys, person.key)
    row = _open_request(work, kind, hashes) or _add_request(work, kind, hashes[0], _today(work), actor)
    closed = {"state": CLOSED, "closed_at": work.now, "outcome": json.dumps(outcome)}
    work.connection.execute(update(data_requests).where(data_requests.c.id == row.id).values(**closed))
    return row


def erase_person(
    work: UnitOfWork, who: str, keys: Sequence[str], *, reason: str, received_on: date | None, actor: str
) -> dict[str, Any]:
    """Erase a person here, have every other service do so, and give the receipt.

    `who` is an email address or a contact id; `keys` are the settings' secret keys, the newest first. The receipt
    has request_id, received_on, due_on, internal_due_on (ISO dates), references, person_ids, erased (counts by kind),
    kept (what, count, why, until), to_look_at (references where others name them in their own words) and repeated.
    It names nobody. Asked again, the first receipt is given. Raises `Refused`: "not_found", "conflict" or "invalid".
    """
    if not _SHORTEST_REASON <= len(reason.strip()) <= _LONGEST_REASON:
        why = f"Say in {_SHORTEST_REASON} to {_LONGEST_REASON} characters why, without naming the person."
        raise Refused("invalid", why, {"reason": [why]})
    try:
        person = find_person(work.connection, who, hold=True)
    except Refused as refused:
        earlier = _earlier_receipt(work, who, keys) if refused.code == "not_found" else None
        if earlier is None:
            raise
        return earlier
    return _erase(work, person, keys, without(reason.strip(), (*person.marks, *person.names)), received_on, actor)


def _erase(
    work: UnitOfWork, person: Person, keys: Sequence[str], reason: str, received_on: date | None, actor: str
) -> dict[str, Any]:
    hashes = person_hashes(keys, person.key)
    request = _open_request(work, ERASURE, hashes) or _add_request(
        work, ERASURE, hashes[0], received_on or _today(work), actor
    )
    receipt: dict[str, Any] = {
        "request_id": str(request.id),
        "received_on": request.received_on.isoformat(),
        "due_on": request.due_on.isoformat(),
        "internal_due_on": due(request.received_on).internal.isoformat(),
        "references": list(person.references),
        "person_ids": [str(each) for each in person.contact_ids],
        "to_look_at": names_elsewhere(work.connection, person),
        "kept": _kept(work, person),
    }
    receipt["erased"] = dict(sorted(erase(work, person, actor=actor, about=str(request.id)).items()))
    receipt["repeated"] = False
    for email in sorted(person.emails):
        _suppress(work, person_hash(keys[0], email), reason)
    settle_request(work, ERASURE, person, keys, {**receipt, "reason": reason}, actor)
    tell_erased(work, request.id, person.references, person.contact_ids)
    return receipt


def tell_erased(work: UnitOfWork, request_id: UUID, references: Sequence[str], person_ids: Sequence[UUID]) -> None:
    """Have every other service drop what it holds, and what is removed here leave the files."""
    event = PersonErased(
        request_id=request_id,
        references=tuple(references),
        person_ids=tuple(person_ids),
        nobody_left=tuple(each for each in references if _is_left_alone(work, each)),
    )
    work.record(event, subject=str(request_id), sequence=1)
    wipe_after(work)


def _is_left_alone(work: UnitOfWork, reference: str) -> bool:
    """Say whether nobody is written to about an enquiry any more: of a former contact's it may be who followed them."""
    head = select(enquiries).where(enquiries.c.reference == root_of(work.connection, reference))
    contact = contact_of(work.connection, work.connection.execute(head).one())
    return contact["status"] != ContactStatus.ACTIVE.value or not contact["email"]


def _suppress(work: UnitOfWork, hashed: str, reason: str) -> None:
    insert_or_leave(
        work.connection, suppressions, {"person_hash": hashed, "at": work.now, "reason": reason[:_LONGEST_REASON]}
    )


def _kept(work: UnitOfWork, person: Person) -> list[dict[str, Any]]:
    """Say what stays, how much of it, why and until when."""
    theirs = conditions_of(person)

    def count(table: Any) -> int:
        return int(work.connection.scalar(select(func.count()).select_from(table).where(theirs[table])) or 0)

    stays = (
        (signatures, "names under agreements", KEPT_WHY, KEPT_UNTIL),
        (
            agreements,
            "agreements with their proposals",
            "What was agreed binds both sides, for the same time.",
            KEPT_UNTIL,
        ),
        (
            enquiries,
            "bare entries of enquiries",
            "Reference, stage, dates, programme and place make the balance and the figures come out. They name nobody.",
            "no end: it is no personal data",
        ),
        (
            timeline,
            "steps of the timeline",
            "Which of us did what, and when. They hold ids and no words of anybody.",
            "no end: it is no personal data",
        ),
    )
    entries = [{"what": what, "count": count(table), "why": why, "until": until} for table, what, why, until in stays]
    hashed = {
        "what": "keyed hashes of the address",
        "count": len(person.emails),
        "why": "They keep an import from bringing the person back. Nobody can read an address from them.",
        "until": "no end, or until they ask for it to be lifted",
    }
    return [entry for entry in (*entries, hashed) if entry["count"]]


def _hashes_of(work: UnitOfWork, who: str, keys: Sequence[str]) -> list[str]:
    """Give the hashes of whoever is meant; of the address as given where nothing is held yet, or no longer."""
    try:
        return person_hashes(keys, find_person(work.connection, who).key)
    except Refused as refused:
        if refused.code != "not_found":
            raise
        return person_hashes(keys, normalise_email(who))


def _open_request(work: UnitOfWork, kind: str, hashes: Sequence[str]) -> AnyRow | None:
    table = data_requests.c
    query = select(data_requests).where(table.kind == kind, table.person_hash.in_(hashes), table.state == OPEN)
    return work.connection.execute(query.order_by(table.received_on).limit(1)).first()


def _add_request(work: UnitOfWork, kind: str, hashed: str, received_on: date, actor: str) -> AnyRow:
    row = {
        "id": work.new_id(),
        "kind": kind,
        "person_hash": hashed,
        "received_on": received_on,
        "due_on": due(received_on).legal,
        "state": OPEN,
        "actor": actor,
    }
    work.connection.execute(data_requests.insert(), row)
    return work.connection.execute(select(data_requests).where(data_requests.c.id == row["id"])).one()


def due(received_on: date) -> DueDates:
    """Give the days by which a request of a day is to be met."""
    return due_dates(received_on, bank_holidays_of("england-and-wales"))


def _today(work: UnitOfWork) -> date:
    return day_in_london(work.now)


def _earlier_receipt(work: UnitOfWork, who: str, keys: Sequence[str]) -> dict[str, Any] | None:
    """Give the receipt of somebody who was erased before and of whom nothing has come since."""
    table = data_requests.c
    asked_by = table.person_hash.in_(person_hashes(keys, normalise_email(who)))
    erased = or_(asked_by, table.outcome.contains(f'"{who.strip().lower()}"', autoescape=True))
    query = select(table.outcome).where(table.kind == ERASURE, table.state == CLOSED, erased)
    outcome = work.connection.scalar(query.order_by(table.closed_at.desc(), table.id.desc()).limit(1))
    if outcome is None:
        return None
    receipt: dict[str, Any] = json.loads(outcome)
    receipt.pop("reason", None)
    return {**receipt, "repeated": True}
