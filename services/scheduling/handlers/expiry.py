"""Telling of what ends soon: a daily look over all that is held, so that no import or change can leave one out."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from services.scheduling.domain.expiry import Notice, day_looked_at, endings, notice_due
from services.scheduling.queries.expiry import Told, news_of
from services.scheduling.records.people import load_held
from services.scheduling.tables import expiry_notices
from shared.clock import day_in_london
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

TELL = "tell_of_expiries"
"""The kind of the job: a clock."""
LEASE = dt.timedelta(minutes=5)


def tell_of_expiries(work: UnitOfWork) -> int:
    """Tell of what ends soon, each notice once, and give how many were told.

    A notice is a row before it is news: two replicas that look at once, or a look that is repeated, tell it once.
    """
    on, today = day_looked_at(work.now), day_in_london(work.now)
    found = (notice_due(each, on) for each in endings(load_held(work.connection)))
    due = [each for each in found if each is not None and each.ending.valid_until >= today]
    return sum(_tell(work, each, today) for each in due)


def _tell(work: UnitOfWork, notice: Notice, today: dt.date) -> bool:
    ending, notice_id = notice.ending, work.new_id()
    row = {
        "id": notice_id,
        "facilitator_id": ending.facilitator_id,
        "what": ending.what,
        "of": ending.of,
        "valid_until": ending.valid_until,
        "days": notice.days,
        "told_at": work.now,
    }
    if not insert_or_leave(work.connection, expiry_notices, row):
        return False
    [news] = news_of(work.connection, [Told(notice, notice_id, today)])
    work.record(news, subject=str(notice_id), sequence=1)
    return True


def forget_notices(work: UnitOfWork, facilitator_id: UUID) -> None:
    """Drop what was told about somebody's papers."""
    work.connection.execute(expiry_notices.delete().where(expiry_notices.c.facilitator_id == facilitator_id))
