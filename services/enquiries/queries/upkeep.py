"""The daily balance of the intake, how quiet it has been, and the canaries."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from services.enquiries.domain.ledger import BY_HAND, Balance, Entry, balance, bounds_of
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import Kind
from services.enquiries.tables import canaries, enquiries, ledger_days, timeline

MOST_NAMED = 1000
"""How many enquiries of one day are looked at one by one: when more are left behind, the rest has the same cause."""


def get_balance(connection: Connection, day: date, now: datetime) -> Balance:
    """Draw the balance of a day in London, as things stand at `now`."""
    begins, ends = bounds_of(day)
    that_day = (enquiries.c.received_at >= begins) & (enquiries.c.received_at < ends)
    counting = select(enquiries.c.standing, enquiries.c.channel, func.count()).where(that_day)
    counts = {
        (standing, channel): int(count)
        for standing, channel, count in connection.execute(counting.group_by(enquiries.c.standing, enquiries.c.channel))
    }
    kept = connection.scalar(select(ledger_days.c.received).where(ledger_days.c.day == day))
    return balance(day, counts, _doubtful(connection, that_day), kept, now)


def _doubtful(connection: Connection, that_day: Any) -> list[Entry]:
    table, target = enquiries.c, enquiries.alias("target")
    released_at = (
        select(func.max(timeline.c.at))
        .where(timeline.c.reference == table.reference, timeline.c.kind == Kind.RELEASED.value)
        .scalar_subquery()
    )
    unfinished = or_(table.filed_at.is_(None), table.acknowledged_at.is_(None))
    may_be_left = or_(
        (table.standing == Standing.FILED.value) & unfinished,
        table.standing == Standing.MERGED.value,
        table.standing.not_in([standing.value for standing in Standing]),
    )
    query = (
        select(
            *(table.reference, table.standing, table.channel, table.filed_at, table.acknowledged_at),
            func.coalesce(released_at, table.received_at).label("let_in_at"),
            func.coalesce(table.contact_email, "").label("email"),
            target.c.reference.label("target"),
        )
        .outerjoin(target, target.c.reference == table.merged_into)
        .where(that_day, may_be_left, table.erased_at.is_(None))
        .order_by(table.received_at, table.reference)
        .limit(MOST_NAMED)
    )
    return [
        Entry(
            reference=row.reference,
            standing=row.standing,
            channel=row.channel,
            let_in_at=row.let_in_at,
            filed_at=row.filed_at,
            acknowledged_at=row.acknowledged_at,
            answerable=bool(row.email),
            target_known=row.target is not None,
        )
        for row in connection.execute(query)
    ]


def list_ledger(connection: Connection, last: date, days: int, now: datetime) -> list[dict[str, Any]]:
    """List the balance of the `days` days up to `last`, the last first, each as things stand at `now`.

    Each has day (ISO), received, filed, quarantined, merged, by_hand, comes_out, unaccounted (a list of
    {"reference", "why"}) and closed_at (ISO), which is null for a day that was not closed yet.
    """
    wanted = [last - timedelta(days=back) for back in range(days)]
    closed_at = dict(
        connection.execute(select(ledger_days.c.day, ledger_days.c.at).where(ledger_days.c.day.in_(wanted))).all()
    )
    return [_balance(get_balance(connection, day, now), closed_at.get(day)) for day in wanted]


def _balance(drawn: Balance, closed_at: datetime | None) -> dict[str, Any]:
    return {
        "day": drawn.day.isoformat(),
        "received": drawn.received,
        "filed": drawn.filed,
        "quarantined": drawn.quarantined,
        "merged": drawn.merged,
        "by_hand": drawn.by_hand,
        "comes_out": drawn.comes_out,
        "unaccounted": [{"reference": each.reference, "why": each.why} for each in drawn.unaccounted],
        "closed_at": closed_at.isoformat() if closed_at else None,
    }


def ledger_row(drawn: Balance, at: datetime, quiet_since: datetime | None) -> dict[str, Any]:
    """Give the row that a closed day is kept in."""
    return {
        "day": drawn.day,
        "received": drawn.received,
        "filed": drawn.filed,
        "quarantined": drawn.quarantined,
        "merged": drawn.merged,
        "unaccounted": json.dumps([{"reference": each.reference, "why": each.why} for each in drawn.unaccounted]),
        "at": at,
        "quiet_since": quiet_since,
    }


def busy_days(connection: Connection, since: datetime) -> list[date]:
    """List the days (of UTC) since a moment on which an enquiry came by itself and was no suspect, oldest first."""
    day = func.date(enquiries.c.received_at)
    query = select(day).where(_came_by_itself(), enquiries.c.received_at >= since).distinct().order_by(day)
    # SQLite gives text and PostgreSQL a date.
    return [date.fromisoformat(str(each)) for each in connection.scalars(query)]


def last_arrival(connection: Connection) -> datetime | None:
    """Give when the last enquiry came by itself, or None where none ever did."""
    latest: datetime | None = connection.scalar(select(func.max(enquiries.c.received_at)).where(_came_by_itself()))
    return latest


def _came_by_itself() -> Any:
    return enquiries.c.channel.not_in(BY_HAND) & (enquiries.c.standing != Standing.QUARANTINED.value)


def list_canaries(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """List our own test enquiries, the newest first: id, sent_at, arrived_at (ISO), state, why and reference.

    A state is "sent" (on its way), "arrived", "refused" (an answer said no) or "lost" (no answer, or a wrong one).
    """
    query = select(canaries).order_by(canaries.c.sent_at.desc(), canaries.c.id.desc()).limit(limit)
    return [
        {
            "id": str(row.id),
            "sent_at": row.sent_at.isoformat(),
            "arrived_at": row.arrived_at.isoformat() if row.arrived_at else None,
            "state": row.state,
            "why": row.why,
            "reference": row.reference,
        }
        for row in connection.execute(query)
    ]


def last_canary(connection: Connection) -> dict[str, Any] | None:
    """Give when the last of our own test enquiries was sent (sent_at, aware) and its state, where there is one."""
    query = select(canaries.c.sent_at, canaries.c.state).order_by(canaries.c.sent_at.desc(), canaries.c.id.desc())
    row = connection.execute(query.limit(1)).first()
    return None if row is None else dict(row._mapping)
