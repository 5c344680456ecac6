"""The clocks of enquiries, looked at every morning. What sets, pauses and stops them is in `waiting`.

One job looks at every enquiry that may have something due, however many mornings were missed. What is said is written
down in the same transaction, so a second look, or a second replica's, says nothing again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from services.enquiries.domain import clocks
from services.enquiries.domain.clocks import Clock, Step
from services.enquiries.domain.pipeline import OPEN, Side, Stage
from services.enquiries.domain.playbooks import CALL, FUNDER
from services.enquiries.domain.standing import Standing
from services.enquiries.domain.timeline import CLOCK, Kind
from services.enquiries.handlers import history, pipeline
from services.enquiries.handlers.tasks import add_task
from services.enquiries.handlers.waiting import bank_holidays
from services.enquiries.tables import enquiries, strikes
from shared.contracts.enquiries import AnswerAwaited, FirstReplyDue
from shared.messaging.jobs import NotFinished
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import Store, UnitOfWork

STRIKE = "strike_clocks"
"""The kind of the job."""
LEASE = timedelta(minutes=10)
"""A morning after a long outage may take this long; a second look beside it would say nothing twice."""
LAPSED = "There was no answer for 30 working days. If they write again, this can be opened again."

_PAGE = 500
_TASKS = {
    Step.OFFER_CALL: (CALL, "Offer them a call: 15 working days without an answer"),
    Step.ASK_FUNDER: (FUNDER, "Ask how the funding stands: 10 working days without news"),
    Step.ASK_FUNDER_AGAIN: (FUNDER, "Ask again how the funding stands: 20 working days without news"),
}


def strike_due(store: Store, stopping: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Say everything that is due by the store's clock, and count it by step. Raises `NotFinished` when stopped."""
    said: Counter[str] = Counter()
    for reference in _candidates(store):
        if stopping():
            raise NotFinished
        with store.work() as work:
            step = _strike(work, reference)
        if step is not None:
            said[step.value] += 1
    return dict(said)


def _candidates(store: Store) -> Iterator[str]:
    """Give the open enquiries for which something may be due, a page at a time: a close look comes later."""
    table, now = enquiries.c, store.clock()
    unanswered = and_(
        table.waiting_on == Side.US.value,
        table.first_reply_at.is_(None),
        table.first_reply_due_at <= now + timedelta(days=1),
    )
    silent = and_(
        table.waiting_on != Side.US.value,
        func.coalesce(table.waiting_since, table.received_at) <= now - timedelta(days=clocks.SHORTEST_SILENCE - 1),
    )
    query = select(table.id, table.reference).where(_is_running(), or_(unanswered, silent)).order_by(table.id)
    last: Any = None
    while True:
        page = query if last is None else query.where(table.id > last)
        with store.database.reading() as connection:
            found = connection.execute(page.limit(_PAGE)).all()
        yield from (row.reference for row in found)
        if len(found) < _PAGE:
            return
        last = found[-1].id


def _is_running() -> Any:
    """No clock runs for what is kept aside, merged, closed or erased."""
    table = enquiries.c
    return and_(
        table.standing == Standing.FILED.value,
        table.stage.in_(sorted(OPEN)),
        table.filed_at.is_not(None),
        table.erased_at.is_(None),
    )


def _strike(work: UnitOfWork, reference: str) -> Step | None:
    """Say what is due about one enquiry, if anything: it may have changed since it was found."""
    query = select(enquiries).where(enquiries.c.reference == reference, _is_running()).with_for_update()
    row = work.connection.execute(query).first()
    if row is None:
        return None
    holidays = bank_holidays(work.connection, row.establishment_id)
    if row.waiting_on != Side.US.value:
        return _strike_answer(work, row, holidays)
    if row.first_reply_at is None and row.first_reply_due_at is not None:
        return _strike_first_reply(work, row, holidays)
    return None


def _strike_first_reply(work: UnitOfWork, row: AnyRow, holidays: Container[date]) -> Step | None:
    step = clocks.first_reply_step(row.first_reply_due_at, work.now, holidays)
    if step is None or not _is_new(work, row.reference, Clock.FIRST_REPLY, step, row.first_reply_due_at):
        return None
    due = FirstReplyDue(reference=row.reference, step=step.value, due_at=row.first_reply_due_at)
    work.record(due, subject=row.reference, sequence=history.next_version(work, row.reference))
    history.write(work, row.reference, Kind.REMINDED, actor=CLOCK, now=step.value)
    return step


def _strike_answer(work: UnitOfWork, row: AnyRow, holidays: Container[date]) -> Step | None:
    since = row.waiting_since or row.received_at
    said = _said(work.connection, row.reference, Clock.ANSWER, since)
    step = clocks.answer_step(Side(row.waiting_on), since, work.now, holidays, said)
    if step is None or not _is_new(work, row.reference, Clock.ANSWER, step, since):
        return None
    if step is Step.LAPSE:
        pipeline.move_enquiry(work, row.reference, Stage.LAPSED, actor=CLOCK, reason=LAPSED)
        return step
    history.write(work, row.reference, Kind.REMINDED, actor=CLOCK, now=step.value)
    if step in _TASKS:
        kind, title = _TASKS[step]
        due_on = clocks.working_day_after(work.now, 1, holidays)
        key = f"{row.reference}:{step.value}:{since.isoformat()}"
        add_task(work, key=key, kind=kind, title=title, due_on=due_on, reference=row.reference, actor=CLOCK)
    if row.waiting_on == Side.PRISON.value:
        awaited = AnswerAwaited(reference=row.reference, step=step.value, since=since)
        work.record(awaited, subject=row.reference, sequence=history.next_version(work, row.reference))
    return step


def _said(connection: Connection, reference: str, clock: Clock, since: datetime) -> Mapping[Step, datetime]:
    table = strikes.c
    round_ = (table.reference == reference, table.clock == clock.value, table.since == since)
    rows = connection.execute(select(table.step, table.at).where(*round_))
    return {Step(row.step): row.at for row in rows}


def _is_new(work: UnitOfWork, reference: str, clock: Clock, step: Step, since: datetime) -> bool:
    """Write down that a step is said now, and say whether it had not been."""
    strike = {"reference": reference, "clock": clock.value, "step": step.value, "since": since, "at": work.now}
    return insert_or_leave(work.connection, strikes, strike)
