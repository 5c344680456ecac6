"""What came back by mail, and how far the mailbox was read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from services.notifications.domain.answers import Kind
from services.notifications.handlers.answering import Outcome
from services.notifications.tables import answers_read, mailbox_faults, mailbox_positions
from shared.errors import Refused

LATELY = timedelta(days=7)


def list_answers(
    connection: Connection, *, limit: int, kind: str | None = None, outcome: str | None = None
) -> list[dict[str, Any]]:
    """List the mails that were read, the last first: what each is, what it is about by ids, and what became of it."""
    query = select(answers_read).order_by(answers_read.c.read_at.desc(), answers_read.c.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(answers_read.c.kind == _one_of(Kind, kind, "kind"))
    if outcome is not None:
        query = query.where(answers_read.c.outcome == _one_of(Outcome, outcome, "outcome"))
    return [
        {
            "id": str(row.id),
            "read_at": row.read_at.isoformat(),
            "kind": row.kind,
            "outcome": row.outcome,
            "about": row.about,
            "message": str(row.message) if row.message else None,
        }
        for row in connection.execute(query)
    ]


def get_mailbox(connection: Connection, mailbox: str | None, now: Any) -> dict[str, Any]:
    """Say how the mailbox is read: `is_set`, its name, when it was last read, and the outcomes of seven days.

    `fault` says when and why it could not be read the last time, in words; None where it could.
    """
    read_at = select(mailbox_positions.c.read_at).where(mailbox_positions.c.mailbox == mailbox)
    lately = select(answers_read.c.outcome, func.count()).where(answers_read.c.read_at > now - LATELY)
    last = connection.scalar(read_at)
    fault = connection.execute(select(mailbox_faults).where(mailbox_faults.c.mailbox == mailbox)).first()
    return {
        "is_set": mailbox is not None,
        "mailbox": mailbox,
        "read_at": last.isoformat() if last else None,
        "fault": {"at": fault.at.isoformat(), "why": fault.why} if fault else None,
        "lately": dict(connection.execute(lately.group_by(answers_read.c.outcome)).all()),
    }


def _one_of(words: Any, text: str, field: str) -> str:
    try:
        return str(words(text).value)
    except ValueError:
        why = f"There is no {field} '{text}'. Choose from: {', '.join(words)}."
        raise Refused("invalid", why, {field: [why]}) from None
