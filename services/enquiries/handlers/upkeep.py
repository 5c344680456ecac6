"""Looking after the intake: its daily balance, its silences, and the test enquiries that we send ourselves."""

from __future__ import annotations

import secrets
from collections.abc import Container
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update

from services.enquiries import queries
from services.enquiries.domain.ledger import bounds_of, days_to_close
from services.enquiries.domain.references import new_reference
from services.enquiries.domain.silence import LOOKED_BACK, is_unusually_quiet
from services.enquiries.handlers.intake import Receipt
from services.enquiries.tables import canaries, ledger_days
from shared.clock import day_in_london
from shared.contracts.enquiries import IntakeAlarm
from shared.errors import Refused
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork

SENT, ARRIVED, REFUSED, LOST = "sent", "arrived", "refused", "lost"
KEPT_FOR = timedelta(days=90)
"""How long a canary is kept."""


def close_days(work: UnitOfWork, holidays: Container[date]) -> list[date]:
    """Keep the balance of every day that has ended, and raise the alarm where one does not come out; give those days.

    How quiet it has been is looked at with the last of them. A day is closed once, whoever asks again.
    """
    today = day_in_london(work.now)
    closed = days_to_close(work.connection.scalar(select(func.max(ledger_days.c.day))), today)
    for day in closed:
        _close(work, day, _quiet_since(work, today, holidays) if day == closed[-1] else None)
    return list(closed)


def _close(work: UnitOfWork, day: date, quiet_since: datetime | None) -> None:
    drawn = queries.get_balance(work.connection, day, work.now)
    known_quiet = _known_quiet(work, day)
    if not insert_or_leave(work.connection, ledger_days, queries.ledger_row(drawn, work.now, quiet_since)):
        return
    if not drawn.comes_out:
        _raise_alarm(work, "ledger", bounds_of(day)[0])
    if quiet_since is not None and quiet_since != known_quiet:
        _raise_alarm(work, "silence", quiet_since)


def _known_quiet(work: UnitOfWork, day: date) -> datetime | None:
    """Give the silence that was told of last, where it was."""
    query = select(func.max(ledger_days.c.quiet_since)).where(ledger_days.c.day < day)
    told: datetime | None = work.connection.scalar(query)
    return told


def _quiet_since(work: UnitOfWork, today: date, holidays: Container[date]) -> datetime | None:
    days = queries.busy_days(work.connection, work.now - LOOKED_BACK)
    if not is_unusually_quiet(days, today, holidays):
        return None
    return queries.last_arrival(work.connection)


def canary_sent(work: UnitOfWork) -> UUID:
    """Note that a test enquiry goes out, and give its id. Those that have had their time are removed."""
    work.connection.execute(delete(canaries).where(canaries.c.sent_at < work.now - KEPT_FOR))
    canary_id = work.new_id()
    work.connection.execute(canaries.insert(), {"id": canary_id, "sent_at": work.now, "state": SENT})
    return canary_id


def canary_arrived(work: UnitOfWork, canary_id: UUID) -> Receipt:
    """Note that a test enquiry came in, and give the receipt of one: nobody is thanked, and nothing is filed.

    Raises `Refused("not_found")` for one that was not sent from here.
    """
    row = work.connection.execute(select(canaries).where(canaries.c.id == canary_id).with_for_update()).first()
    if row is None:
        raise Refused("not_found", "This test enquiry was not sent from here.")
    if row.reference is not None:
        return Receipt(row.reference, row.arrived_at, repeated=True)
    reference = new_reference(secrets.choice)
    arrived = {"state": ARRIVED, "arrived_at": work.now, "reference": reference, "why": None}
    work.connection.execute(update(canaries).where(canaries.c.id == canary_id).values(arrived))
    return Receipt(reference, work.now)


def canary_answered(work: UnitOfWork, canary_id: UUID, failed: tuple[str, str] | None) -> str:
    """Note what came of a test enquiry, and give its state.

    `failed` says what went wrong as a state and a reason; None says that it was taken, which counts only where it came
    in here. The alarm is raised at the first that fails, and again once one has arrived in between.
    """
    arrived = work.connection.scalar(select(canaries.c.reference).where(canaries.c.id == canary_id)) is not None
    if failed is None and arrived:
        return ARRIVED
    state, why = failed or (LOST, "it was taken at the public address, and did not come in here")
    ended = {"state": state, "why": why[:200]}
    sent_at = work.connection.scalar(
        update(canaries).where(canaries.c.id == canary_id).values(ended).returning(canaries.c.sent_at)
    )
    if not _known_to_fail(work, canary_id):
        _raise_alarm(work, "canary", sent_at or work.now)
    return state


def _known_to_fail(work: UnitOfWork, canary_id: UUID) -> bool:
    """Say whether another has failed since the last one that arrived."""
    others = canaries.alias("others")
    last_success = select(func.max(others.c.sent_at)).where(others.c.state == ARRIVED).scalar_subquery()
    failed = canaries.c.state.in_((REFUSED, LOST)) & (canaries.c.id != canary_id)
    since = last_success.is_(None) | (canaries.c.sent_at > last_success)
    return bool(work.connection.scalar(select(exists().where(failed, since))))


def _raise_alarm(work: UnitOfWork, kind: str, since: datetime) -> None:
    alarm_id = work.new_id()
    work.record(IntakeAlarm(alarm_id=alarm_id, kind=kind, since=since), subject=str(alarm_id), sequence=1)
