"""Keeping what enquiries are found by, and the filters that operators want again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from services.enquiries.domain.filters import no_such_filter
from services.enquiries.domain.searching import entry_of, plain_words
from services.enquiries.schemas import PROGRAMMES
from services.enquiries.tables import (
    contacts,
    enquiries,
    establishments,
    organisations,
    saved_filters,
    search_entries,
    timeline,
    timeline_words,
)
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave, insert_or_update
from shared.persistence.work import UnitOfWork

_written_to = contacts.alias("written_to")
_READ_WHOLE = (
    select(
        enquiries,
        establishments.c.name.label("place_name"),
        establishments.c.town,
        establishments.c.other_names,
        contacts.c.name.label("person"),
        contacts.c.email.label("person_email"),
        contacts.c.phone.label("person_phone"),
        _written_to.c.name.label("other"),
        _written_to.c.email.label("other_email"),
        _written_to.c.phone.label("other_phone"),
        organisations.c.name.label("organisation_name"),
    )
    .outerjoin(establishments, establishments.c.id == enquiries.c.establishment_id)
    .outerjoin(contacts, contacts.c.id == enquiries.c.contact_id)
    .outerjoin(_written_to, _written_to.c.id == enquiries.c.correspondent_id)
    .outerjoin(organisations, organisations.c.id == enquiries.c.organisation_id)
)


def index_again(work: UnitOfWork, reference: str) -> None:
    """Let an enquiry be found by what is held of it now; one that was erased by nothing but its reference.

    To be called when an enquiry is filed or merged, when its contact or organisation is another or is called otherwise,
    and when something was said about it.
    """
    row = work.connection.execute(_READ_WHOLE.where(enquiries.c.reference == reference)).first()
    if row is None:
        return
    if row.erased_at is not None:
        forget(work, reference)
        return
    words = plain_words(*_texts(row), *_said(work, reference))
    entry = {"reference": reference, "received_at": row.received_at, "words": entry_of(words)}
    insert_or_update(work.connection, search_entries, "reference", entry)


def index_again_for(work: UnitOfWork, contact_id: UUID) -> None:
    """Let the enquiries of someone be found by what is on record about them now."""
    theirs = (enquiries.c.contact_id == contact_id) | (enquiries.c.correspondent_id == contact_id)
    for reference in work.connection.scalars(select(enquiries.c.reference).where(theirs)).all():
        index_again(work, reference)


def forget(work: UnitOfWork, reference: str) -> None:
    """Let an enquiry be found by nothing but its reference from now on."""
    work.connection.execute(delete(search_entries).where(search_entries.c.reference == reference))


def _texts(row: AnyRow) -> list[str | None]:
    return [
        *(row.reference, PROGRAMMES.get(row.programme), row.establishment, row.place_name, row.town, row.other_names),
        *(row.contact_name, row.contact_role, row.contact_email, row.contact_phone, row.organisation),
        *(row.person, row.person_email, row.person_phone, row.other, row.other_email, row.other_phone),
        *(row.organisation_name, row.preferred_times, row.message),
    ]


def _said(work: UnitOfWork, reference: str) -> list[str]:
    query = select(timeline_words.c.words).join(timeline).where(timeline.c.reference == reference)
    return list(work.connection.scalars(query.order_by(timeline.c.id)))


def save_filter(work: UnitOfWork, name: str, fields: Mapping[str, Any], *, owner: str) -> None:
    """Keep a filter under a name; the same name of the same owner holds the newer one."""
    mine = (saved_filters.c.owner == owner) & (saved_filters.c.name == name)
    values = {"filter": json.dumps(dict(fields)), "at": work.now}
    new = {"id": work.new_id(), "owner": owner, "name": name, **values}
    if not insert_or_leave(work.connection, saved_filters, new):
        work.connection.execute(saved_filters.update().where(mine).values(**values))


def forget_filter(work: UnitOfWork, name: str, *, owner: str) -> None:
    """Keep a filter no longer. Raises `Refused("not_found")`."""
    mine = (saved_filters.c.owner == owner) & (saved_filters.c.name == name)
    if work.connection.execute(delete(saved_filters).where(mine)).rowcount != 1:
        raise no_such_filter(name)
