"""What was said, and where it leaves an enquiry."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.enquiries.domain.timeline import Kind
from services.enquiries.queries.threads import contact_of, root_of
from services.enquiries.tables import enquiries, timeline, timeline_words
from shared.errors import Refused


def turn_of(connection: Connection, entry_id: UUID) -> dict[str, Any]:
    """Give where an entry of the history leaves its enquiry, with nothing personal.

    It has reference, entry_id, stage, waiting_on, waiting_since and first_reply_at (ISO).
    """
    table = enquiries.c
    columns = (table.reference, table.stage, table.waiting_on, table.waiting_since, table.first_reply_at)
    query = select(*columns).join(timeline, timeline.c.reference == table.reference).where(timeline.c.id == entry_id)
    row = connection.execute(query).one()
    return {
        "reference": row.reference,
        "entry_id": str(entry_id),
        "stage": row.stage,
        "waiting_on": row.waiting_on,
        "waiting_since": row.waiting_since.isoformat() if row.waiting_since else None,
        "first_reply_at": row.first_reply_at.isoformat() if row.first_reply_at else None,
    }


def get_reply(connection: Connection, entry_id: UUID) -> dict[str, Any]:
    """Give a reply that an operator wrote: reference, words, actor, and the contact it goes to as things are now.

    `contact` is as `threads.contact_of` gives it. Raises `Refused("not_found")`, also where the words or the person
    were erased since.
    """
    query = (
        select(timeline.c.actor, timeline_words.c.words, *enquiries.c)
        .join(timeline_words, timeline_words.c.entry_id == timeline.c.id)
        .join(enquiries, enquiries.c.reference == timeline.c.reference)
        .where(timeline.c.id == entry_id, timeline.c.kind == Kind.REPLIED.value)
        .where(timeline_words.c.erased_at.is_(None), enquiries.c.erased_at.is_(None))
    )
    row = connection.execute(query).first()
    if row is None:
        raise Refused("not_found", "There is no such reply, or it was erased.")
    thread = row
    if row.merged_into is not None:
        root = root_of(connection, row.reference)
        thread = connection.execute(select(enquiries).where(enquiries.c.reference == root)).one()
    contact = contact_of(connection, thread)
    return {"reference": row.reference, "words": row.words, "actor": row.actor, "contact": contact}
