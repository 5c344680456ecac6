"""Filing an enquiry that was let in: who it is from, what it resembles, what is to be done about it and by when."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from services.enquiries.domain.standing import Standing
from services.enquiries.handlers import matching, pipeline, searching, taking
from services.enquiries.tables import enquiries
from shared.contracts.enquiries import EnquiryReceived
from shared.persistence.work import UnitOfWork

LEFT_OVER_AFTER = timedelta(hours=1)
"""Filing takes moments; what is not filed after this was missed."""


def when_enquiry_received(work: UnitOfWork, event: EnquiryReceived) -> None:
    """File an enquiry of our own, once it and its news are safe: nothing here can cost it."""
    file_enquiry(work, event.reference)


def file_enquiry(work: UnitOfWork, reference: str) -> None:
    """File an enquiry, unless it is filed already or was erased."""
    # Held, so that an erasure comes before all of this or after it, and never in between.
    row = work.connection.execute(select(enquiries).where(enquiries.c.reference == reference).with_for_update()).first()
    if row is None or row.filed_at is not None or row.erased_at is not None:
        return
    work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(filed_at=work.now))
    matching.recognise(work, row)
    pipeline.begin(work, row)
    taking.have_thanked(work, row)
    # Last, so that it is found by what the others have made of it.
    searching.index_again(work, reference)


def left_over(work: UnitOfWork, most: int) -> list[str]:
    """Give the references of enquiries that should have been filed: taken before filing was known, or missed since."""
    table = enquiries.c
    missed = (
        table.filed_at.is_(None),
        table.erased_at.is_(None),
        table.standing == Standing.FILED.value,
        table.received_at < work.now - LEFT_OVER_AFTER,
    )
    return list(work.connection.scalars(select(table.reference).where(*missed).order_by(table.received_at).limit(most)))
