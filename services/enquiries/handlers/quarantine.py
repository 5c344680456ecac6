"""What was kept aside as suspected spam: let go into the pipeline, or closed as spam. Its words are kept either way."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import history
from services.enquiries.handlers.intake import filed_event
from services.enquiries.handlers.waiting import locked
from services.enquiries.tables import enquiries
from shared.errors import Refused
from shared.persistence.work import UnitOfWork


def release_enquiry(work: UnitOfWork, reference: str, *, actor: str, reason: str | None) -> None:
    """File an enquiry that was no spam after all: from here on it goes the way of every other, thanks first.

    Raises `Refused`: "not_found", or "refused" where it is not in quarantine.
    """
    row = locked(work, reference)
    if row.standing != Standing.QUARANTINED.value or row.erased_at is not None:
        raise Refused("refused", f"{reference} is not in quarantine, so there is nothing to release.")
    freed = {"standing": Standing.FILED.value, "stage": Stage.NEW.value}
    work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(freed))
    history.write(work, reference, Kind.RELEASED, actor=actor, words=reason)
    event = filed_event(row._asdict(), reference, row.establishment_id, row.received_at)
    work.record(event, subject=reference, sequence=history.next_version(work, reference))


def clear_quarantine(work: UnitOfWork, references: Sequence[str], *, actor: str, reason: str | None) -> int:
    """Close suspects as spam, all of those named that are still held; give how many were.

    They stay readable by their reference until retention removes their words.
    """
    held = (
        enquiries.c.reference.in_(references),
        enquiries.c.standing == Standing.QUARANTINED.value,
        enquiries.c.stage != Stage.SPAM.value,
    )
    closing = update(enquiries).where(*held).values(stage=Stage.SPAM.value).returning(enquiries.c.reference)
    closed = list(work.connection.scalars(closing))
    for reference in closed:
        history.write(work, reference, Kind.CLEARED, actor=actor, words=reason)
    return len(closed)
