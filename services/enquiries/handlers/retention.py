"""Letting go of what has had its time, every night: a batch a transaction, so that it can be broken off anywhere."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, select

from services.enquiries.domain.privacy import Person
from services.enquiries.domain.retention import RULES
from services.enquiries.domain.timeline import CLOCK
from services.enquiries.handlers.erasing import erase, erase_signatures
from services.enquiries.handlers.privacy import tell_erased
from services.enquiries.queries.retention import list_due, won_are_due
from services.enquiries.tables import agreements, data_requests
from shared.messaging.jobs import NotFinished
from shared.persistence.work import Store, UnitOfWork

_log = logging.getLogger(__name__)

KEEP_NO_LONGER = "keep_no_longer"
"""The kind of the job."""
HOUR = 2
"""The hour of UTC at which it strikes."""
AT_ONCE = 100
"""Records in one transaction: others write meanwhile."""


def keep_no_longer(store: Store, stopping: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Let go of everything that is due by the store's clock; count it by kind of record, in the log too.

    Raises `NotFinished` when stopped before its end: what was done is done, and the next run goes on from there.
    """
    gone: Counter[str] = Counter()
    for record in RULES:
        while count := _let_go(store, record):
            gone[record] += count
            if stopping():
                raise NotFinished
            if count < AT_ONCE:
                break
    _log.info("retention", extra={"gone": dict(gone)})
    return gone


def _let_go(store: Store, record: str) -> int:
    with store.work() as work:
        keys = [row.key for row in list_due(work.connection, record, work.now, limit=AT_ONCE, hold=True)]
        if keys:
            _ACTS[record](work, keys)
        return len(keys)


def _erase_enquiries(work: UnitOfWork, references: Sequence[str]) -> None:
    _erase(work, Person.of(references=references))


def _erase_contacts(work: UnitOfWork, contact_ids: Sequence[Any]) -> None:
    _erase(work, Person.of(contact_ids=contact_ids))


def _erase(work: UnitOfWork, people: Person) -> None:
    occasion = work.new_id()
    erase(work, people, actor=CLOCK, about=str(occasion))
    tell_erased(work, occasion, people.references, people.contact_ids)


def _end_agreements(work: UnitOfWork, agreement_ids: Sequence[Any]) -> None:
    """Take the names from agreements, and the person from enquiries all of whose agreements have had their time."""
    erase_signatures(work, agreement_ids)
    of_these = select(agreements.c.reference).where(agreements.c.id.in_(agreement_ids)).distinct()
    before = RULES["agreement"].cut_off_moment(work.now)
    _erase_enquiries(work, won_are_due(work.connection, list(work.connection.scalars(of_these)), before))


def _forget_requests(work: UnitOfWork, request_ids: Sequence[Any]) -> None:
    work.connection.execute(delete(data_requests).where(data_requests.c.id.in_(request_ids)))


_ACTS: dict[str, Callable[[UnitOfWork, Sequence[Any]], None]] = {
    "spam": _erase_enquiries,
    "enquiry": _erase_enquiries,
    "contact_left": _erase_contacts,
    "contact": _erase_contacts,
    "agreement": _end_agreements,
    "data_request": _forget_requests,
}
