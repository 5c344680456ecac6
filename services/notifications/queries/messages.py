"""The read side of the notifications service: SQL in, plain data out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from services.notifications.domain.messages import MessageState
from services.notifications.tables import messages
from shared.errors import Refused


def list_messages(
    connection: Connection, *, limit: int, state: str | None, occasion: str | None
) -> list[dict[str, Any]]:
    """List the ledger by due time, the first due first: recipients by kind and id, never by name or address."""
    query = select(messages).order_by(messages.c.due_at, messages.c.id).limit(limit)
    if state is not None:
        query = query.where(messages.c.state == _state(state))
    if occasion is not None:
        query = query.where(messages.c.occasion == occasion)
    return [
        {
            "id": str(row.id),
            "recipient": row.recipient,
            "occasion": row.occasion,
            "state": row.state,
            "why": row.why,
            "due_at": row.due_at.isoformat(),
            "accepted_at": row.accepted_at.isoformat() if row.accepted_at else None,
            "message_id": row.message_id,
        }
        for row in connection.execute(query)
    ]


def _state(text: str) -> str:
    try:
        return MessageState(text).value
    except ValueError:
        why = f"There is no state '{text}'. Choose from: {', '.join(MessageState)}."
        raise Refused("invalid", why, {"state": [why]}) from None


def count_waiting(connection: Connection, after: datetime) -> int:
    """Count the messages that wait for a later time than `after`."""
    waiting = (messages.c.state == MessageState.SCHEDULED.value) & (messages.c.next_attempt_at > after)
    return int(connection.scalar(select(func.count()).select_from(messages).where(waiting)) or 0)
