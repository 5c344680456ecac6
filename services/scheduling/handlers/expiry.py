"""Telling of what ends soon: a daily look over all that is held, so that no import or change can leave one out."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.domain.expiry import Notice, day_looked_at, endings, notice_due
from services.scheduling.queries.people import TO_COME
from services.scheduling.records.people import load_held
from services.scheduling.tables import (
    assignments,
    establishments,
    expiry_notices,
    programmes,
    runs,
    sessions,
)
from shared.clock import day_in_london
from shared.contracts.scheduling import ExpiryNear
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
    place = ending.of if ending.what in {"clearance", "keys"} else None
    news = ExpiryNear(
        notice_id=notice_id,
        facilitator_id=ending.facilitator_id,
        what=ending.what,
        establishment_id=place,
        establishment_name=_name_of(work.connection, place),
        valid_until=ending.valid_until,
        days_left=(ending.valid_until - today).days,
        sessions_after=_sessions_after(work.connection, notice),
        accreditation=ending.of if ending.what == "accreditation" else None,
    )
    work.record(news, subject=str(notice_id), sequence=1)
    return True


def _name_of(connection: Connection, establishment_id: str | None) -> str | None:
    if establishment_id is None:
        return None
    return connection.scalar(select(establishments.c.name).where(establishments.c.id == establishment_id))


def _sessions_after(connection: Connection, notice: Notice) -> int:
    """Count their sessions on later days that need what ends: at that place, of programmes that ask for it, or any."""
    ending = notice.ending
    query = (
        select(runs.c.programme, runs.c.programme_version, func.count())
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .where(assignments.c.facilitator_id == ending.facilitator_id)
        .where(sessions.c.state == "planned", sessions.c.date > ending.valid_until, runs.c.state.in_(TO_COME))
        .group_by(runs.c.programme, runs.c.programme_version)
    )
    if ending.what in {"clearance", "keys"}:
        query = query.where(runs.c.establishment_id == ending.of, runs.c.mode == "in_person")
    counts: dict[tuple[str, int], int] = {(row[0], row[1]): row[2] for row in connection.execute(query)}
    if ending.what == "accreditation":
        asking = _asking_for(connection, ending.of)
        counts = {programme: count for programme, count in counts.items() if programme in asking}
    return sum(counts.values())


def _asking_for(connection: Connection, kind: str) -> set[tuple[Any, Any]]:
    """Give the programmes, by slug and version, whose sessions need an accreditation."""
    table = programmes.c
    rows = connection.execute(select(table.slug, table.version, table.accreditations, table.one_needs))
    return {(row.slug, row.version) for row in rows if kind in {row.slug, *row.accreditations, *row.one_needs}}


def forget_notices(work: UnitOfWork, facilitator_id: UUID) -> None:
    """Drop what was told about somebody's papers."""
    work.connection.execute(expiry_notices.delete().where(expiry_notices.c.facilitator_id == facilitator_id))
