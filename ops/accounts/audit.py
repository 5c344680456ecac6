"""The audit: who asked for what and why, written down before it is done, and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from ops.tables import audit
from shared.errors import Refused
from shared.persistence.work import new_id


def write_down(
    connection: Connection,
    *,
    actor: str,
    operation: str,
    now: datetime,
    correlation_id: str,
    subject: str | None = None,
    reason: str | None = None,
    changes: bool = True,
) -> None:
    """Write one thing that was asked for. `subject` and `reason` are cut to what the table holds."""
    row = {"id": new_id(), "at": now, "actor": actor, "operation": operation, "correlation_id": correlation_id}
    row |= {"subject": subject and subject[:100], "reason": reason and reason[:2000], "changes": changes}
    connection.execute(insert(audit), row)


def list_audit(
    connection: Connection,
    *,
    limit: int,
    actor: str | None = None,
    subject: str | None = None,
    before: str | None = None,
) -> list[dict[str, Any]]:
    """List what was asked for, the newest first: by one operator, about one thing, before the row of an id."""
    query = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
    if actor:
        query = query.where(audit.c.actor == actor)
    if subject:
        query = query.where(audit.c.subject == subject)
    if before:
        query = query.where(audit.c.id < _id(before))
    return [_shown(row) for row in connection.execute(query)]


def _shown(row: Any) -> dict[str, Any]:
    at: datetime = row.at
    values = dict(row._mapping) | {"id": str(row.id), "at": at.isoformat()}
    return {name: values[name] for name in audit.c.keys()}  # noqa: SIM118 - a collection of columns, not a dict


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        words = "Give the id of a row of the audit."
        raise Refused("invalid", words, {"before": [words]}) from None
