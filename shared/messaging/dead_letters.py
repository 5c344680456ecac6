"""Dead letters: the events that a service could not handle or publish, and what an operator does about each."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, func, select

from shared.errors import Refused
from shared.messaging.inbox import RETRY_EVENTS
from shared.messaging.relay import RELAY_AGAIN
from shared.messaging.tables import DEAD, DROPPED, WAITING, MessagingTables, is_unhandled, is_unpublished
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork

PARKED = "parked"

_IN, _OUT = "in", "out"
"""The way of a dead letter: it came in and was not handled, or was to go out and was refused."""


def list_dead(connection: Connection, tables: MessagingTables, limit: int) -> list[dict[str, Any]]:
    """List dead letters, the oldest first.

    Each has id, way ("in" or "out"), type, subject, state, error, attempts, since (ISO) and held_up: the number of
    later events of the subject that wait behind it.
    """
    dead = connection.execute(_dead_rows(tables.inbox).limit(limit)).all()
    parked = connection.execute(_parked_rows(tables.outbox).limit(limit)).all()
    rows = [_told(connection, tables, row, _IN) for row in dead]
    rows += [_told(connection, tables, row, _OUT) for row in parked]
    return sorted(rows, key=lambda row: str(row["since"]))[:limit]


def get_dead(connection: Connection, tables: MessagingTables, event_id: UUID) -> dict[str, Any]:
    """Give one dead letter with its envelope, or the text that came in its place. Raises `Refused("not_found")`."""
    row, way = _find(connection, tables, event_id)
    return {**_told(connection, tables, row, way), "envelope": _readable(row.envelope)}


def replay_dead(work: UnitOfWork, event_id: UUID) -> str:
    """Put a dead letter back, to be tried again now under the same event id; give the state it is in then.

    Raises `Refused`: "not_found", or "refused" where nothing could be read that might be tried.
    """
    row, way = _find(work.connection, work.tables, event_id)
    if way == _OUT:
        _update(work, work.tables.outbox, row, parked_at=None, retry_at=None, attempts=0)
        work.schedule(RELAY_AGAIN, str(event_id), work.now)
        return WAITING
    if not row.subject:
        raise Refused(
            "refused", f"{event_id} could not be read as an event, so it cannot be tried again. It can be dropped."
        )
    _update(work, work.tables.inbox, row, state=WAITING, attempts=0, next_attempt_at=work.now, handled_at=None)
    work.schedule(RETRY_EVENTS, str(event_id), work.now)
    return WAITING


def drop_dead(work: UnitOfWork, event_id: UUID, reason: str, actor: str) -> str:
    """Give a dead letter up for good, with the reason; what waited behind it goes on. Give the state it is in then.

    Raises `Refused`: "not_found", or "invalid" for a reason of fewer than 3 or more than 500 characters.
    """
    if not 3 <= len(reason.strip()) <= 500:
        why = "Say in 3 to 500 characters why it is given up."
        raise Refused("invalid", why, {"reason": [why]})
    row, way = _find(work.connection, work.tables, event_id)
    closed = {"dropped_by": actor, "drop_reason": reason.strip()}
    if way == _OUT:
        _update(work, work.tables.outbox, row, dropped_at=work.now, **closed)
        work.schedule(RELAY_AGAIN, str(event_id), work.now)
    else:
        _update(work, work.tables.inbox, row, state=DROPPED, next_attempt_at=None, handled_at=work.now, **closed)
        work.schedule(RETRY_EVENTS, str(event_id), work.now)
    return DROPPED


def _dead_rows(inbox: Table) -> Any:
    return select(inbox).where(inbox.c.state == DEAD).order_by(inbox.c.seq)


def _parked_rows(outbox: Table) -> Any:
    return select(outbox).where(is_unpublished(outbox), outbox.c.parked_at.is_not(None)).order_by(outbox.c.seq)


def _find(connection: Connection, tables: MessagingTables, event_id: UUID) -> tuple[AnyRow, str]:
    row = connection.execute(_dead_rows(tables.inbox).where(tables.inbox.c.event_id == event_id)).first()
    if row is not None:
        return row, _IN
    row = connection.execute(_parked_rows(tables.outbox).where(tables.outbox.c.event_id == event_id)).first()
    if row is not None:
        return row, _OUT
    raise Refused("not_found", f"There is no dead letter {event_id} here. `keytalk dead list` shows those there are.")


def _told(connection: Connection, tables: MessagingTables, row: AnyRow, way: str) -> dict[str, Any]:
    since = row.handled_at if way == _IN else row.parked_at
    return {
        "id": str(row.event_id),
        "way": way,
        "type": row.type,
        "subject": row.subject,
        "state": DEAD if way == _IN else PARKED,
        "error": row.error,
        "attempts": row.attempts,
        "since": since.isoformat(),
        "held_up": _held_up(connection, tables, row, way),
    }


def _held_up(connection: Connection, tables: MessagingTables, row: AnyRow, way: str) -> int:
    table = tables.inbox if way == _IN else tables.outbox
    open_ = is_unhandled(table) if way == _IN else is_unpublished(table)
    later = select(func.count()).where(table.c.subject == row.subject, table.c.seq > row.seq, open_)
    return int(connection.scalar(later) or 0) if row.subject else 0


def _readable(envelope: str | None) -> Any:
    try:
        return json.loads(envelope) if envelope is not None else None
    except ValueError:
        return envelope


def _update(work: UnitOfWork, table: Table, row: AnyRow, **values: Any) -> None:
    work.connection.execute(table.update().where(table.c.seq == row.seq).values(**values))
