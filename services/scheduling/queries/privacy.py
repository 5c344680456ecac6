"""What is held on a person, to be given to them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.queries.people import get_facilitator
from services.scheduling.queries.plain import plain
from services.scheduling.queries.runs import get_run
from services.scheduling.tables import (
    assignments,
    enquiries,
    establishments,
    expiry_notices,
    facilitators,
    feeds,
    gate_memos,
    offers,
    runs,
    sessions,
)


def export_person(connection: Connection, references: Collection[str], emails: Collection[str]) -> dict[str, Any]:
    """Give what is held under enquiries (enquiries, runs), and the facilitators who have one of these addresses."""
    asked = connection.execute(select(enquiries).where(enquiries.c.reference.in_(references)))
    planned = list(connection.scalars(select(runs.c.id).where(runs.c.enquiry.in_(references)).order_by(runs.c.id)))
    of_theirs = func.lower(facilitators.c.email).in_([email.lower() for email in emails])
    people = list(connection.scalars(select(facilitators.c.id).where(of_theirs).order_by(facilitators.c.id)))
    return {
        "enquiries": [plain(row._mapping) for row in asked],
        "runs": [get_run(connection, run_id) for run_id in planned],
        "memos": _memos(connection, planned),
        "facilitators": [_facilitator(connection, each) for each in people],
    }


def _memos(connection: Connection, run_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """Give whom the gate memos about some runs name as host, and what for."""
    table = gate_memos.c
    query = select(table.run_id, table.version, table.host, table.purpose).where(table.run_id.in_(run_ids))
    return [plain(row._mapping) for row in connection.execute(query.order_by(table.run_id, table.version))]


def _facilitator(connection: Connection, facilitator_id: UUID) -> dict[str, Any]:
    """Give all that is held on a facilitator: their entry, what they hold, what they lead, what they were asked."""
    added = connection.scalar(select(facilitators.c.added_at).where(facilitators.c.id == facilitator_id))
    told = select(expiry_notices).where(expiry_notices.c.facilitator_id == facilitator_id)
    made = select(offers).where(offers.c.facilitator_id == facilitator_id)
    return {
        **get_facilitator(connection, facilitator_id),
        "added_at": added.isoformat() if added else None,
        "assignments": _assignments(connection, facilitator_id),
        "offers": [plain(row._mapping) for row in connection.execute(made.order_by(offers.c.made_at))],
        "feeds": _feeds(connection, facilitator_id),
        "notices": [plain(row._mapping) for row in connection.execute(told.order_by(expiry_notices.c.told_at))],
    }


def _feeds(connection: Connection, facilitator_id: UUID) -> list[dict[str, Any]]:
    """Give when calendar feeds were opened for them, and closed. Their addresses are nowhere."""
    query = select(feeds.c.made_at, feeds.c.revoked_at).where(feeds.c.owner == str(facilitator_id))
    return [plain(row._mapping) for row in connection.execute(query.order_by(feeds.c.made_at))]


def _assignments(connection: Connection, facilitator_id: UUID) -> list[dict[str, Any]]:
    query = (
        select(
            runs.c.enquiry,
            establishments.c.name.label("establishment"),
            sessions.c.number,
            sessions.c.date,
            sessions.c.start,
            sessions.c.end,
            sessions.c.state,
            assignments.c.role,
        )
        .join_from(assignments, sessions, sessions.c.id == assignments.c.session_id)
        .join(runs, runs.c.id == sessions.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
        .where(assignments.c.facilitator_id == facilitator_id)
        .order_by(sessions.c.starts_at)
    )
    return [plain(row._mapping) for row in connection.execute(query)]
