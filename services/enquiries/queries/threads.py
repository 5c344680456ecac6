"""Threads: an enquiry with those that were merged into it, and who is written to about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.enquiries.domain.people import ContactStatus
from services.enquiries.domain.references import not_found
from services.enquiries.tables import contacts, enquiries, holdings, organisations, posts
from shared.errors import Refused
from shared.persistence.types import AnyRow

_LONGEST_LINE = 20
"""Successors followed from one person; a longer line is a mistake, and the last of it is as good as any."""


def root_of(connection: Connection, reference: str) -> str:
    """Give the reference under which an enquiry's thread goes on: its own, unless it was merged.

    Raises `Refused("not_found")`.
    """
    here = reference
    while True:
        query = select(enquiries.c.merged_into).where(enquiries.c.reference == here)
        row = connection.execute(query).first()
        if row is None:
            raise not_found(here)
        if row.merged_into is None:
            return here
        here = row.merged_into


def thread_of(connection: Connection, reference: str) -> str | None:
    """Give the reference under which an enquiry's thread goes on, or None for one that is not known."""
    try:
        return root_of(connection, reference)
    except Refused:
        return None


def merged_into(connection: Connection, reference: str) -> list[AnyRow]:
    """Give the rows of all enquiries that lie with one, at once or by way of another, in the order they came."""
    found: dict[str, AnyRow] = {}
    heads = [reference]
    while heads:
        rows = connection.execute(select(enquiries).where(enquiries.c.merged_into.in_(heads))).all()
        heads = [row.reference for row in rows if row.reference not in found]
        found |= {row.reference: row for row in rows}
    return sorted(found.values(), key=lambda row: (row.received_at, row.reference))


def references_of(connection: Connection, reference: str) -> list[str]:
    """Give every reference of the thread an enquiry is in, the thread's own first. Raises `Refused("not_found")`."""
    root = root_of(connection, reference)
    return [root, *(row.reference for row in merged_into(connection, root))]


def asked_by(row: AnyRow) -> dict[str, Any]:
    """Give who asked, in their own words: name, role, email, phone, organisation."""
    return {
        "name": row.contact_name,
        "role": row.contact_role,
        "email": row.contact_email,
        "phone": row.contact_phone,
        "organisation": row.organisation,
    }


def contact_of(connection: Connection, row: AnyRow) -> dict[str, Any]:
    """Give whom to write to about the enquiry in `row`, which heads its thread, as things are now.

    That is the contact on record (name, role, email, phone, organisation, status, id), or their successor; where there
    is none yet, it is whoever asked, as they said. `status` is active, bounced, left or erased: only the active are
    written to.
    """
    first = row.correspondent_id or row.contact_id
    if first is None:
        return {**asked_by(row), "status": ContactStatus.ACTIVE.value, "id": None}
    contact = reached(connection, first)
    known = _as_known(connection, contact)
    if contact.id == row.contact_id and contact.status != ContactStatus.ERASED.value:
        # What is not on record about who asked, they said themselves. An address that was taken away stays away.
        known |= {key: value for key, value in asked_by(row).items() if known[key] is None and key != "email"}
    return known


def reached(connection: Connection, contact_id: UUID) -> AnyRow:
    """Give the row of whoever is written to in the place of a contact: they themselves, or the last successor."""
    seen: set[UUID] = set()
    row = connection.execute(select(contacts).where(contacts.c.id == contact_id)).one()
    while row.successor_id is not None and row.successor_id not in seen and len(seen) < _LONGEST_LINE:
        seen.add(row.id)
        row = connection.execute(select(contacts).where(contacts.c.id == row.successor_id)).one()
    return row


def _as_known(connection: Connection, contact: AnyRow) -> dict[str, Any]:
    title = (
        select(posts.c.title)
        .join(holdings, holdings.c.post_id == posts.c.id)
        .where(holdings.c.contact_id == contact.id, holdings.c.until.is_(None))
        .order_by(holdings.c.since.desc(), holdings.c.id.desc())
        .limit(1)
    )
    name = select(organisations.c.name).where(organisations.c.id == contact.organisation_id)
    found = connection.execute(select(title.scalar_subquery().label("role"), name.scalar_subquery().label("at"))).one()
    return {
        "name": contact.name,
        "role": found.role,
        "email": contact.email,
        "phone": contact.phone,
        "organisation": found.at,
        "status": contact.status,
        "id": str(contact.id),
    }
