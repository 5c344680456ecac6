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
from services.enquiries.queries.commitments import current_agreement, list_proposals
from services.enquiries.queries.tasks import TasksWanted, checklist_of, list_tasks
from services.enquiries.queries.threads import asked_by, contact_of, merged_into, root_of
from services.enquiries.schemas import PROGRAMMES
from services.enquiries.tables import enquiries, establishments, timeline, timeline_words
from shared.persistence.types import AnyRow

MOST_PROPOSALS = 50
"""Versions that are shown with their enquiry; `list_proposals` has the others."""

MOST_TASKS = 100
"""Open tasks that are shown with their enquiry; `list_tasks` has the others."""


def get_enquiry(connection: Connection, reference: str) -> dict[str, Any]:
    """Give one enquiry whole, with its contact and timeline. Raises `Refused("not_found")`.

    `establishment_name` is what the register calls the establishment, None where it is none of the register's.
    `contact` is whom to write to as things are now (see `threads.contact_of`), `asked_by` who asked, in their words.
    `thread` is the reference under which it goes on; `merged` holds what was merged into it: what was asked, by whom,
    and what happened to each.
    """
    row = _row(connection, reference)
    root = _row(connection, root_of(connection, reference)) if row.merged_into else row
    stages = next_stages(Stage(row.stage)) if row.standing == Standing.FILED.value else ()
    return _enquiry(row) | {
        "establishment_name": _name_of(connection, row.establishment_id),
        "contact": contact_of(connection, root),
        "asked_by": asked_by(row),
        "thread": root.reference,
        "merged": [_part(connection, each) for each in merged_into(connection, reference)],
        "timeline": _timeline(connection, reference),
        "next_stages": [stage.value for stage in stages],
        "checklist": checklist_of(connection, reference, row.programme),
        "tasks": list_tasks(connection, TasksWanted(reference=reference), limit=MOST_TASKS),
        "proposals": list_proposals(connection, reference=reference, limit=MOST_PROPOSALS),
        "agreement": current_agreement(connection, reference),
    }


def _row(connection: Connection, reference: str) -> AnyRow:
    row = connection.execute(select(enquiries).where(enquiries.c.reference == reference)).first()
    if row is None:
        raise not_found(reference)
    return row


def _name_of(connection: Connection, establishment_id: str | None) -> str | None:
    return connection.scalar(select(establishments.c.name).where(establishments.c.id == establishment_id))


def _part(connection: Connection, row: AnyRow) -> dict[str, Any]:
    """Give an enquiry as a part of the thread it was merged into."""
    whole = _enquiry(row)
    asked = ("reference", "merged_into", "programme", "establishment", "group_size", "preferred_start")
    said = ("preferred_times", "message", "channel", "received_at", "acknowledged_at")
    return {name: whole[name] for name in (*asked, *said)} | {
        "asked_by": asked_by(row),
        "timeline": _timeline(connection, row.reference),
        "tasks": list_tasks(connection, TasksWanted(reference=row.reference), limit=MOST_TASKS),
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


def list_establishments(connection: Connection) -> list[dict[str, Any]]:
    """List the active establishments by name: id, name, town (or ""), other_names (a list)."""
    table = establishments.c
    query = select(table.id, table.name, table.town, table.other_names).where(table.active)
    return [
        {
            "id": row.id,
            "name": row.name,
            "town": row.town or "",
            "other_names": row.other_names.splitlines() if row.other_names else [],
        }
        for row in connection.execute(query.order_by(table.name, table.id))
    ]


def count_establishments_at(connection: Connection, versions: Mapping[str, int]) -> int:
    """Count those of the establishments that are known here at the version given, or a later one."""
    query = select(establishments.c.id, establishments.c.version)
    known = {row.id: row.version for row in connection.execute(query)}
    return sum(known.get(each, 0) >= version for each, version in versions.items())
