"""Writing into an enquiry's history, and counting what is told about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update

from services.enquiries.domain.references import not_found
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import searching
from services.enquiries.tables import enquiries, timeline, timeline_words
from shared.persistence.work import UnitOfWork


def write(
    work: UnitOfWork,
    reference: str,
    kind: Kind,
    *,
    actor: str,
    was: str | None = None,
    now: str | None = None,
    about: str | None = None,
    words: str | None = None,
) -> UUID:
    """Add a step to an enquiry's history and give its id. `words` are people's own, kept where they can be erased."""
    entry_id = work.new_id()
    row: dict[str, Any] = {"id": entry_id, "reference": reference, "at": work.now, "actor": actor, "kind": kind.value}
    work.connection.execute(timeline.insert(), {**row, "was": was, "now": now, "about": about})
    if words:
        work.connection.execute(timeline_words.insert(), {"entry_id": entry_id, "words": words})
    if words or kind is Kind.LINKED:
        searching.index_again(work, reference)
    return entry_id


def next_version(work: UnitOfWork, reference: str) -> int:
    """Count one more event about an enquiry, and give its place among them. Raises `Refused("not_found")`."""
    counted = (
        update(enquiries)
        .where(enquiries.c.reference == reference)
        .values(version=enquiries.c.version + 1)
        .returning(enquiries.c.version)
    )
    version = work.connection.scalar(counted)
    if version is None:
        raise not_found(reference)
    return int(version)
