"""What was kept aside as suspected spam."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.standing import Standing
from services.enquiries.tables import enquiries

_HELD = enquiries.c.standing == Standing.QUARANTINED.value
_OPEN = _HELD & (enquiries.c.stage != Stage.SPAM.value)


def list_quarantine(connection: Connection, *, limit: int, closed: bool) -> list[dict[str, Any]]:
    """List suspects, the oldest first.

    Each has reference, stage, received_at (ISO), score, reasons, establishment, contact_name and the first 200
    characters of the message as `opening`. Those that were cleared are left out unless `closed`.
    """
    table = enquiries.c
    columns = (table.reference, table.stage, table.received_at, table.spam_score, table.spam_reasons)
    which: ColumnElement[bool] = _HELD if closed else _OPEN
    query = select(
        *columns, table.establishment, table.contact_name, func.substr(table.message, 1, 200).label("opening")
    )
    return [
        {
            "reference": row.reference,
            "stage": row.stage,
            "received_at": row.received_at.isoformat(),
            "score": row.spam_score,
            "reasons": json.loads(row.spam_reasons or "[]"),
            "establishment": row.establishment,
            "contact_name": row.contact_name,
            "opening": row.opening,
        }
        for row in connection.execute(query.where(which).order_by(table.received_at, table.id).limit(limit))
    ]


def count_quarantine(connection: Connection, before: datetime) -> int:
    """Count the suspects that came before a moment and that nobody has looked at."""
    which = _OPEN & (enquiries.c.received_at < before)
    return int(connection.scalar(select(func.count()).select_from(enquiries).where(which)) or 0)


def list_suspects(connection: Connection, before: datetime, limit: int) -> list[str]:
    """List the references of suspects that came before a moment and that nobody has looked at, the oldest first."""
    query = select(enquiries.c.reference).where(_OPEN, enquiries.c.received_at < before)
    return list(connection.scalars(query.order_by(enquiries.c.received_at).limit(limit)))
