"""What is held on a person, to be given to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.scheduling.queries.people import list_facilitators
from services.scheduling.queries.runs import get_run
from services.scheduling.tables import enquiries, facilitators, runs


def export_person(connection: Connection, references: Collection[str], emails: Collection[str]) -> dict[str, Any]:
    """Give what is held under enquiries (enquiries, runs), and the facilitators who have one of these addresses."""
    asked = connection.execute(select(enquiries).where(enquiries.c.reference.in_(references)))
    planned = list(connection.scalars(select(runs.c.id).where(runs.c.enquiry.in_(references)).order_by(runs.c.id)))
    of_theirs = func.lower(facilitators.c.email).in_([email.lower() for email in emails])
    people = list(connection.scalars(select(facilitators.c.id).where(of_theirs)))
    return {
        "enquiries": [_as_plain(row._mapping) for row in asked],
        "runs": [get_run(connection, run_id) for run_id in planned],
        "facilitators": [each for each in list_facilitators(connection) if UUID(each["id"]) in people],
    }


def _as_plain(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
