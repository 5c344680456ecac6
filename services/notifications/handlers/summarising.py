"""What the ops team is told each working morning: what is due, and who was not told."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from services.notifications.domain.messages import UNSETTLED, MessageState
from services.notifications.domain.occasions import OPS, Drafting, draft
from services.notifications.handlers.entering import enter, our_holidays
from services.notifications.tables import messages
from shared.clock import LONDON, day_in_london
from shared.persistence.work import UnitOfWork
from shared.working_days import is_working_day

ENTER_SUMMARY = "enter_daily_summary"
"""The kind of the job that enters it, at 08:00 in London on working days."""
SUMMARY = "daily_summary_ops"
OVERLAP = timedelta(minutes=15)
"""What was under way as the last summary was made is counted in the next: better twice than not at all."""


def enter_summary(work: UnitOfWork, mail_domain: str) -> None:
    """Enter the summary of today; once a day, however many replicas do so.

    There is none on a day with nothing to say, nor on one that is no working day: a job that comes late may run then.
    """
    today = day_in_london(work.now)
    counts = _counts(work.connection, work.now)
    if not is_working_day(today, our_holidays()) or not any(counts.values()):
        return
    told = draft(
        Drafting(work.new_id, mail_domain),
        recipient=OPS,
        occasion=f"daily_summary:{today.isoformat()}",
        template=SUMMARY,
        subject_ref="messages",
        due_at=work.now,
        facts={"day": today.isoformat(), "counted_until": work.now.isoformat(), **counts},
    )
    enter(work, [told])


def _counts(connection: Connection, now: datetime) -> dict[str, int]:
    """Count what is due until the end of the day, and what has been unsettled since the last summary, by its state."""
    tomorrow = datetime.combine(day_in_london(now) + timedelta(days=1), time.min, LONDON).astimezone(UTC)
    due = (messages.c.state == MessageState.SCHEDULED.value) & (messages.c.next_attempt_at < tomorrow)
    seen_at = func.coalesce(messages.c.answered_at, messages.c.claimed_at)
    since = _counted_until(connection, now)
    query = select(messages.c.state, func.count()).where(messages.c.state.in_([each.value for each in UNSETTLED]))
    if since is not None:
        query = query.where(seen_at > since - OVERLAP)
    found: dict[Any, int] = dict(connection.execute(query.group_by(messages.c.state)).all())
    return {"due_today": _count(connection, due)} | {each.value: found.get(each.value, 0) for each in sorted(UNSETTLED)}


def _counted_until(connection: Connection, now: datetime) -> datetime | None:
    """Give until when the last summary counted; one of a later day was made by playing that day."""
    query = select(messages.c.facts).where(messages.c.template == SUMMARY, messages.c.due_at <= now)
    facts = connection.scalar(query.order_by(messages.c.id.desc()).limit(1))
    return None if facts is None else datetime.fromisoformat(facts["counted_until"])


def _count(connection: Connection, which: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(messages).where(which)) or 0)
