"""Proposals and agreements as they stand. Money is in whole pence; moments and dates are ISO text."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from services.enquiries.domain.agreements import IN_FORCE
from services.enquiries.domain.catalogue import programme_called
from services.enquiries.domain.references import normalise_reference
from services.enquiries.tables import agreements, drawdowns, enquiries, establishments, proposals, signatures
from shared.errors import Refused

# By its own name where it was recognised, else as it was written.
_PLACE = func.coalesce(establishments.c.name, enquiries.c.establishment).label("establishment")
_ASKED = (enquiries.c.programme, _PLACE, enquiries.c.establishment_id)
_RECOGNISED = establishments.c.id == enquiries.c.establishment_id
_PROPOSALS = (
    select(proposals, *_ASKED)
    .join(enquiries, enquiries.c.reference == proposals.c.reference)
    .outerjoin(establishments, _RECOGNISED)
)
_DRAWN = (
    select(func.coalesce(func.sum(drawdowns.c.units), 0))
    .where(drawdowns.c.agreement_id == agreements.c.id)
    .scalar_subquery()
)
_AGREEMENTS = (
    select(agreements, proposals.c.version, proposals.c.total_pence, _DRAWN.label("drawn"), *_ASKED)
    .join(proposals, proposals.c.id == agreements.c.proposal_id)
    .join(enquiries, enquiries.c.reference == agreements.c.reference)
    .outerjoin(establishments, _RECOGNISED)
)


def find_proposal(connection: Connection, named: str) -> UUID:
    """Give the id of a proposal named by it, or by its enquiry's reference for the newest version.

    Raises `Refused("not_found")`.
    """
    if (known := _uuid(named)) is not None:
        return known
    newest = select(proposals.c.id).where(proposals.c.reference == normalise_reference(named))
    found = connection.scalar(newest.order_by(proposals.c.version.desc()).limit(1))
    if found is None:
        raise Refused("not_found", f"There is no proposal {named}. `keytalk proposals list` shows them.")
    return UUID(str(found))


def find_agreement(connection: Connection, named: str) -> UUID:
    """Give the id of an agreement named by it, or by its enquiry's reference for its newest in force.

    Where none is in force, it is the newest of those that were amended or ended. Raises `Refused("not_found")`.
    """
    if (known := _uuid(named)) is not None:
        return known
    counting = agreements.c.state.in_([state.value for state in IN_FORCE])
    ours = select(agreements.c.id).where(agreements.c.reference == normalise_reference(named))
    found = connection.scalar(ours.order_by(counting.desc(), agreements.c.id.desc()).limit(1))
    if found is None:
        raise Refused("not_found", f"There is no agreement {named}. `keytalk agreements list` shows them.")
    return UUID(str(found))


def get_proposal(connection: Connection, proposal_id: UUID) -> dict[str, Any]:
    """Give one proposal whole, with what it is for; who asked is left out. Raises `Refused("not_found")`."""
    row = connection.execute(_PROPOSALS.where(proposals.c.id == proposal_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no proposal {proposal_id}. `keytalk proposals list` shows them.")
    return _proposal(row)


def list_proposals(
    connection: Connection,
    *,
    limit: int,
    reference: str | None = None,
    state: str | None = None,
    within: Select[Any] | None = None,
) -> list[dict[str, Any]]:
    """List proposals whole, the newest first; `within` selects the references of the enquiries that count."""
    query = _chosen(_PROPOSALS, proposals.c.reference, reference, proposals.c.state, state, within)
    return [_proposal(row) for row in connection.execute(query.order_by(proposals.c.id.desc()).limit(limit))]


def get_letter(connection: Connection, proposal_id: UUID) -> dict[str, Any]:
    """Give one proposal with whom it is for: `contact` has name, role, email, phone and organisation.

    `erased` says that the enquiry was erased; the contact is empty then.
    """
    told = get_proposal(connection, proposal_id)
    row = connection.execute(select(enquiries).where(enquiries.c.reference == told["reference"])).one()
    contact = {
        "name": row.contact_name,
        "role": row.contact_role,
        "email": row.contact_email,
        "phone": row.contact_phone,
        "organisation": row.organisation,
    }
    erased = row.erased_at is not None
    return told | {"contact": dict.fromkeys(contact) if erased else contact, "erased": erased}


def get_agreement(connection: Connection, agreement_id: UUID) -> dict[str, Any]:
    """Give one agreement with its signatures and all that was drawn from it. Raises `Refused("not_found")`."""
    row = connection.execute(_AGREEMENTS.where(agreements.c.id == agreement_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no agreement {agreement_id}. `keytalk agreements list` shows them.")
    return _agreement(row) | {
        "cancellation_terms": row.cancellation_terms,
        "signatures": _signatures(connection, agreement_id),
        "drawn": _drawings(connection, agreement_id),
    }


def agreement_of(connection: Connection, proposal_id: UUID) -> dict[str, Any] | None:
    """Give the agreement that a proposal led to, or None."""
    found = connection.scalar(select(agreements.c.id).where(agreements.c.proposal_id == proposal_id))
    return get_agreement(connection, UUID(str(found))) if found is not None else None


def current_agreement(connection: Connection, reference: str) -> dict[str, Any] | None:
    """Give an enquiry's agreement that is in force, one signed by both before one that waits, or None."""
    counting = agreements.c.state.in_([state.value for state in IN_FORCE])
    query = _AGREEMENTS.where(agreements.c.reference == reference, counting)
    row = connection.execute(query.order_by(agreements.c.state.desc(), agreements.c.id.desc())).first()
    return _agreement(row) if row is not None else None


def list_agreements(
    connection: Connection,
    *,
    limit: int,
    reference: str | None = None,
    state: str | None = None,
    within: Select[Any] | None = None,
) -> list[dict[str, Any]]:
    """List agreements, the newest first, without their signatures; `within` as for proposals."""
    query = _chosen(_AGREEMENTS, agreements.c.reference, reference, agreements.c.state, state, within)
    return [_agreement(row) for row in connection.execute(query.order_by(agreements.c.id.desc()).limit(limit))]


def _chosen(
    query: Select[Any],
    reference_column: ColumnElement[str],
    reference: str | None,
    state_column: ColumnElement[str],
    state: str | None,
    within: Select[Any] | None,
) -> Select[Any]:
    if within is not None:
        query = query.where(reference_column.in_(within))
    if reference is not None:
        query = query.where(reference_column == reference)
    return query.where(state_column == state) if state is not None else query


def _proposal(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "reference": row.reference,
        "version": row.version,
        "state": row.state,
        **_subject(row),
        "lines": json.loads(row.lines),
        "total_pence": row.total_pence,
        "cancellation_terms": row.cancellation_terms,
        "notes": row.notes,
        "valid_until": row.valid_until.isoformat(),
        "created_at": row.created_at.isoformat(),
        "created_by": row.created_by,
        "sent_at": _iso(row.sent_at),
        "settled_at": _iso(row.settled_at),
    }


def _agreement(row: Row[Any]) -> dict[str, Any]:
    drawn = int(row.drawn)
    return {
        "id": str(row.id),
        "reference": row.reference,
        "proposal_id": str(row.proposal_id),
        "version": row.version,
        "state": row.state,
        **_subject(row),
        "total_pence": row.total_pence,
        "purchase_order": row.purchase_order,
        "unit": row.unit,
        "agreed_units": row.agreed_units,
        "drawn_units": drawn,
        "balance": row.agreed_units - drawn,
        "created_at": row.created_at.isoformat(),
        "signed_at": _iso(row.signed_at),
        "ended_at": _iso(row.ended_at),
    }


def _subject(row: Row[Any]) -> dict[str, Any]:
    return {
        "programme": row.programme,
        "programme_name": programme_called(row.programme).name,
        "establishment": row.establishment,
        "establishment_id": row.establishment_id,
    }


def _signatures(connection: Connection, agreement_id: UUID) -> list[dict[str, Any]]:
    query = select(signatures).where(signatures.c.agreement_id == agreement_id).order_by(signatures.c.id)
    return [
        {
            "side": row.side,
            "name": row.name,
            "role": row.role,
            "signed_at": row.signed_at.isoformat(),
            "how": row.how,
        }
        for row in connection.execute(query)
    ]


def _drawings(connection: Connection, agreement_id: UUID) -> list[dict[str, Any]]:
    query = select(drawdowns).where(drawdowns.c.agreement_id == agreement_id).order_by(drawdowns.c.id)
    return [
        {"units": row.units, "about": row.about, "at": row.at.isoformat(), "actor": row.actor}
        for row in connection.execute(query)
    ]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _iso(value: date | datetime | None) -> str | None:
    return value.isoformat() if value else None
