"""Reading gate memos, what establishments say to kit, and what a run brings."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select

from services.scheduling.domain.kit import CHOICES, Packed, standing_of
from services.scheduling.domain.memos import amendment, first_date
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.records.facts import load_kit_approvals
from services.scheduling.records.papers import load_content, load_left_out, load_packing, visits_of
from services.scheduling.tables import establishments, gate_memos, kit_approvals, kit_counts, runs
from shared.errors import Refused
from shared.persistence.types import AnyRow

MEMO_STATES = ("draft", "sent", "approved", "refused", "out_of_date", "replaced")


def find_memo(connection: Connection, named: UUID) -> UUID:
    """Give the id of a memo that is named by it, or by its run: then the newest about the whole run.

    Raises `Refused("not_found")`.
    """
    table = gate_memos.c
    if connection.scalar(select(table.id).where(table.id == named)) is not None:
        return named
    of_run = select(table.id).where(table.run_id == named, table.session_id.is_(None))
    found = connection.scalar(of_run.order_by(table.version.desc()).limit(1))
    if found is None:
        why = f"There is no gate memo {named}, and none about a run of that id. `keytalk memos list` shows them."
        raise Refused("not_found", why, {"memo": [why]})
    return UUID(str(found))


def _memos() -> Select[Any]:
    return (
        select(gate_memos, runs.c.enquiry, runs.c.establishment_id, establishments.c.name.label("establishment"))
        .join_from(gate_memos, runs, runs.c.id == gate_memos.c.run_id)
        .join(establishments, establishments.c.id == runs.c.establishment_id)
    )


def get_memo(connection: Connection, memo_id: UUID, today: dt.date) -> dict[str, Any]:
    """Give a memo whole: what it says, and under `amendment` what is another now. Raises `Refused("not_found")`."""
    row = _row(connection, memo_id)
    content = row.content
    return {
        **_short(row, today),
        "purpose": row.purpose,
        "host": row.host,
        "approval": row.approval,
        "organisation": content["organisation"],
        "made_at": row.made_at.isoformat(),
        "made_by": row.made_by,
        "sent_at": row.sent_at.isoformat() if row.sent_at else None,
        "settled_at": row.settled_at.isoformat() if row.settled_at else None,
        "visits": content["visits"],
        "people": content["people"],
        "equipment": content["equipment"],
        "amendment": _amendment(connection, row, today),
    }


def _row(connection: Connection, memo_id: UUID) -> AnyRow:
    row = connection.execute(_memos().where(gate_memos.c.id == memo_id)).first()
    if row is None:
        raise Refused("not_found", f"There is no gate memo {memo_id}. `keytalk memos list` shows them.")
    return row


def _short(row: AnyRow, today: dt.date) -> dict[str, Any]:
    return {
        "memo": str(row.id),
        "run": str(row.run_id),
        "session": str(row.session_id) if row.session_id else None,
        "reference": row.enquiry,
        "establishment_id": row.establishment_id,
        "establishment": row.establishment,
        "state": row.state,
        "version": row.version,
        "first_date": first_date(row.content, today).isoformat(),
        "due_on": row.due_on.isoformat(),
    }


def _amendment(connection: Connection, row: AnyRow, today: dt.date) -> list[str]:
    if row.state == "replaced":
        return []
    run = load_run(connection, row.run_id)
    establishment = load_establishment(connection, run.establishment_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    now = load_content(connection, run, establishment, programme, visits_of(run, today, row.session_id))
    return amendment(row.content, now, today)


def list_memos(
    connection: Connection, today: dt.date, *, run_id: UUID | None, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """List memos, the one due first first; those that were replaced only where they are asked for."""
    query = _memos().order_by(gate_memos.c.due_on, gate_memos.c.run_id, gate_memos.c.version).limit(limit)
    query = query.where(gate_memos.c.state == state if state else gate_memos.c.state != "replaced")
    if run_id is not None:
        query = query.where(gate_memos.c.run_id == run_id)
    return [_short(row, today) for row in connection.execute(query)]


def get_kit_list(connection: Connection, run_id: UUID) -> dict[str, Any]:
    """Give what a run brings, how each item stands with the establishment, and what it does without.

    What is refused there says what can be done. Raises `Refused("not_found")`.
    """
    run = load_run(connection, run_id)
    programme = load_programme(connection, run.programme, run.programme_version)
    approvals = load_kit_approvals(connection, run.establishment_id)
    dates = [each.date for each in run.live]
    last = max(dates) if dates else dt.date.max
    items = []
    for each in load_packing(connection, run, programme):
        standing = standing_of(each.item, approvals, last)
        approval = approvals.get(each.item)
        until = approval.valid_until if approval else None
        items.append(_item(each, standing, until))
    left_out = [
        {"item": item, "instead": instead} for item, instead in sorted(load_left_out(connection, run_id).items())
    ]
    return {
        "run": str(run.id),
        "reference": run.enquiry,
        "establishment": load_establishment(connection, run.establishment_id).name,
        "establishment_id": run.establishment_id,
        "last_date": last.isoformat() if dates else None,
        "items": items,
        "left_out": left_out,
        "counts": _counts(connection, [each.id for each in run.sessions]),
    }


def _item(packed: Packed, standing: str, until: dt.date | None) -> dict[str, Any]:
    return {
        "item": packed.item,
        "quantity": packed.quantity,
        "risk": packed.risk,
        "counted": packed.counted,
        "instead_of": packed.instead_of,
        "standing": standing,
        "valid_until": until.isoformat() if until else None,
        "choices": list(CHOICES) if standing == "refused" else [],
    }


def _counts(connection: Connection, session_ids: list[UUID]) -> list[dict[str, Any]]:
    query = select(kit_counts).where(kit_counts.c.session_id.in_(session_ids))
    return [
        {
            "session": str(row.session_id),
            "item": row.item,
            "counted_out": row.counted_out,
            "counted_in": row.counted_in,
            "at": row.at.isoformat(),
            "by": row.by,
        }
        for row in connection.execute(query.order_by(kit_counts.c.at, kit_counts.c.item))
    ]


def list_kit_approvals(connection: Connection, establishment_id: str) -> list[dict[str, Any]]:
    """List what an establishment says to items of kit, by item. Raises `Refused("not_found")`."""
    place = load_establishment(connection, establishment_id).id
    query = select(kit_approvals).where(kit_approvals.c.establishment_id == place).order_by(kit_approvals.c.item)
    return [
        {
            "establishment_id": row.establishment_id,
            "item": row.item,
            "state": row.state,
            "valid_until": row.valid_until.isoformat() if row.valid_until else None,
            "approval": row.approval,
            "at": row.at.isoformat(),
            "by": row.by,
        }
        for row in connection.execute(query)
    ]
