"""The read side of the enquiries service: SQL in, plain data out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from services.enquiries.domain.pipeline import Stage, next_stages
from services.enquiries.domain.preferences import preferred_weekday, preferred_window
from services.enquiries.domain.references import not_found
from services.enquiries.schemas import PROGRAMMES
from services.enquiries.tables import enquiries, establishments, timeline
from shared.persistence.types import AnyRow


def list_enquiries(connection: Connection, *, limit: int, stage: Stage | None) -> list[dict[str, Any]]:
    """List enquiries, the newest first: reference, stage, establishment, programme, received_at (ISO)."""
    table = enquiries.c
    query = select(table.reference, table.stage, table.establishment, table.programme, table.received_at)
    if stage is not None:
        query = query.where(table.stage == stage.value)
    rows = connection.execute(query.order_by(table.received_at.desc(), table.id.desc()).limit(limit))
    return [{**row._mapping, "received_at": row.received_at.isoformat()} for row in rows]


def get_enquiry(connection: Connection, reference: str) -> dict[str, Any]:
    """Give one enquiry whole, with its contact and timeline. Raises `Refused("not_found")`."""
    row = connection.execute(select(enquiries).where(enquiries.c.reference == reference)).first()
    if row is None:
        raise not_found(reference)
    steps = connection.execute(select(timeline).where(timeline.c.reference == reference).order_by(timeline.c.id))
    return _enquiry(row) | {
        "timeline": [_step(step) for step in steps],
        "next_stages": [stage.value for stage in next_stages(Stage(row.stage))],
    }


def _enquiry(row: AnyRow) -> dict[str, Any]:
    times = _preferences_of(row.preferred_times or "")
    return {
        "reference": row.reference,
        "stage": row.stage,
        "programme": row.programme,
        "programme_name": PROGRAMMES[row.programme],
        "establishment": row.establishment,
        "establishment_id": row.establishment_id,
        "contact": {
            "name": row.contact_name,
            "role": row.contact_role,
            "email": row.contact_email,
            "phone": row.contact_phone,
            "organisation": row.organisation,
        },
        "group_size": row.group_size,
        "preferred_start": row.preferred_start.isoformat() if row.preferred_start else None,
        "preferred_times": row.preferred_times,
        **times,
        "message": row.message,
        "channel": row.channel,
        "received_at": row.received_at.isoformat(),
        "acknowledged_at": row.acknowledged_at.isoformat() if row.acknowledged_at else None,
    }


def _preferences_of(text: str) -> dict[str, str | None]:
    """Give the weekday and window that are read from an enquirer's words, where they are clear."""
    return {"preferred_weekday": preferred_weekday(text), "preferred_window": preferred_window(text)}


def _step(step: AnyRow) -> dict[str, Any]:
    return {
        "at": step.at.isoformat(),
        "actor": step.actor,
        "from": step.was,
        "to": step.now,
        "reason": step.reason,
    }


def list_establishments(connection: Connection) -> list[tuple[str, str]]:
    """List the active establishments, id and name, by name."""
    query = select(establishments.c.id, establishments.c.name).where(establishments.c.active)
    return [(row.id, row.name) for row in connection.execute(query.order_by(establishments.c.name))]


def count_establishments_at(connection: Connection, versions: Mapping[str, int]) -> int:
    """Count those of the establishments that are known here at the version given, or a later one."""
    query = select(establishments.c.id, establishments.c.version)
    known = {row.id: row.version for row in connection.execute(query)}
    return sum(known.get(each, 0) >= version for each, version in versions.items())
