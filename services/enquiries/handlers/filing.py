"""Filing an enquiry that was let in: who it is from, what it resembles, what is to be done about it and by when."""

from __future__ import annotations

from sqlalchemy import select, update

from services.enquiries.tables import enquiries
from shared.contracts.enquiries import EnquiryReceived
from shared.persistence.work import UnitOfWork


def when_enquiry_received(work: UnitOfWork, event: EnquiryReceived) -> None:
    """File an enquiry of our own, once it and its news are safe: nothing here can cost it."""
    row = work.connection.execute(select(enquiries).where(enquiries.c.reference == event.reference)).first()
    if row is None or row.filed_at is not None or row.erased_at is not None:
        return
    work.connection.execute(update(enquiries).where(enquiries.c.reference == event.reference).values(filed_at=work.now))
