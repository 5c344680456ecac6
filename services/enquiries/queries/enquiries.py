"""Enquiries, one and many, and the establishments they may be for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from services.enquiries.domain.pipeline import Stage, next_stages
from services.enquiries.domain.preferences import preferred_weekday, preferred_window
from services.enquiries.domain.references import not_found
from services.enquiries.domain.standing import Standing
from services.enquiries.schemas import PROGRAMMES
from services.enquiries.tables import enquiries, establishments, timeline, timeline_words
from shared.persistence.types import AnyRow


def list_enquiries(connection: Connection, *, limit: int, stage: Stage | None) -> list[dict[str, Any]]:
    """List filed enquiries, the newest first: reference, stage, establishment, programme, received_at (ISO)."""
    table = enquiries.c
    query = select(table.reference, table.stage, table.establishment, table.programme, table.received_at)
    query = query.where(table.standing == Standing.FILED.value)
    if stage is not None:
        query = query.where(table.stage == stage.value)
    rows = connection.execute(query.order_by(table.received_at.desc(), table.id.desc()).limit(limit))
    return [{**row._mapping, "received_at": row.received_at.isoformat()} for row in rows]


def get_enquiry(connection: Connection, reference: str) -> dict[str, Any]:
    """Give one enquiry whole, with its contact and timeline. Raises `Refused("not_found")`."""
    row = connection.execute(select(enquiries).where(enquiries.c.reference == reference)).first()
    if row is None:
        raise not_found(reference)
    return _enquiry(row) | {
        "timeline": _timeline(connection, reference),
        "next_stages": [stage.value for stage in next_stages(Stage(row.stage))],
    }


def _enquiry(row: AnyRow) -> dict[str, Any]:
    times = _preferences_of(row.preferred_times or "")
    return {
        "reference": row.reference,
        "stage": row.stage,
        "standing": row.standing,
        "merged_into": row.merged_into,
        "owner": row.owner,
        "waiting_on": row.waiting_on,
        "waiting_since": _iso(row.waiting_since or row.received_at),
        "first_reply_due_at": _iso(row.first_reply_due_at),
        "first_reply_at": _iso(row.first_reply_at),
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
        "preferred_start": _iso(row.preferred_start),
        "preferred_times": row.preferred_times,
        **times,
        "message": row.message,
        "channel": row.channel,
        "received_at": row.received_at.isoformat(),
        "acknowledged_at": _iso(row.acknowledged_at),
        "spam": {"score": row.spam_score, "reasons": json.loads(row.spam_reasons or "[]")},
    }


def _iso(value: date | datetime | None) -> str | None:
    return value.isoformat() if value else None


def _preferences_of(text: str) -> dict[str, str | None]:
    """Give the weekday and window that are read from an enquirer's words, where they are clear."""
    return {"preferred_weekday": preferred_weekday(text), "preferred_window": preferred_window(text)}


def _timeline(connection: Connection, reference: str) -> list[dict[str, Any]]:
    query = select(timeline, timeline_words.c.words).outerjoin(timeline_words)
    steps = connection.execute(query.where(timeline.c.reference == reference).order_by(timeline.c.id))
    return [
        {
            "id": str(step.id),
            "at": step.at.isoformat(),
            "actor": step.actor,
            "kind": step.kind,
            "from": step.was,
            "to": step.now,
            "about": step.about,
            "reason": step.words,
        }
        for step in steps
    ]


def list_establishments(connection: Connection) -> list[tuple[str, str]]:
    """List the active establishments, id and name, by name."""
    query = select(establishments.c.id, establishments.c.name).where(establishments.c.active)
    return [(row.id, row.name) for row in connection.execute(query.order_by(establishments.c.name))]


def count_establishments_at(connection: Connection, versions: Mapping[str, int]) -> int:
    """Count those of the establishments that are known here at the version given, or a later one."""
    query = select(establishments.c.id, establishments.c.version)
    known = {row.id: row.version for row in connection.execute(query)}
    return sum(known.get(each, 0) >= version for each, version in versions.items())
