"""The relay: moves what the outbox holds to the subscribers, in order, and marks it when it has arrived."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, bindparam, func, or_, select

from shared.messaging.carriers import Carrier, Delivery
from shared.messaging.giving_way import wait_while_busy
from shared.messaging.retry import RetryPolicy
from shared.messaging.signal import Signal
from shared.messaging.tables import is_unpublished
from shared.observability import context, metrics
from shared.persistence.database import OUTBOX
from shared.persistence.types import AnyRow
from shared.persistence.work import Store, schedule

_log = logging.getLogger(__name__)

POLL = 5.0
"""Seconds between looks when nothing wakes the relay: the net under a missed wake-up, or under a twin that died."""
REST = 0.002
"""Seconds between two batches under load: commits gather meanwhile, and one batch costs little more than one row."""
LONGEST_REST = 0.03
"""Seconds that a rest may last while others, such as posts being answered, keep the process busy."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between tries while the broker is away: they double from the first to the second."""
RELAY_AGAIN = "relay_again"
"""The kind of the jobs that wake the relay for a row that was held back."""
MOST_LIVES = 5
"""Times that handing a row over inside the process may end the process before the row is parked."""

UNTIL_TAKEN = RetryPolicy(tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 30, 60)), last_repeats=True)
"""Waits for a subscriber whose queue is missing or full: for as long as that takes, and soon over once it is mended."""


class Relay:
    """Publishes one service's outbox, beside the relays of the service's other replicas.

    Each claims the first unpublished row of a subject, skipping those that a twin holds: the lock on that row is the
    lock on its subject, which keeps the order. A row is marked only after the carrier has it for good: a crash
    between the two repeats it, and inboxes drop repeats.
    """

    def __init__(self, store: Store, carrier: Carrier, chance: Callable[[], float] = random.random) -> None:
        self._store = store
        self._carrier = carrier
        self._chance = chance
        self._signal = Signal()
        self._stopping = False
        self._outbox = store.tables.outbox
        self._claim = _claim_of(self._outbox)
        self._mark = _mark_of(self._outbox, on_postgres=not store.database.is_sqlite)
        self._leftovers = _Leftovers(store) if carrier.ends_with_its_subscribers else None
        store.database.when_told(OUTBOX, self.wake)

    def run(self) -> None:
        """Relay until `stop` is called, backing off while the carrier or the database is away."""
        context.service.set(self._store.service)
        pause = SHORTEST_PAUSE
        while not self._stopping:
            try:
                moved = self.relay_once()
            except Exception as error:
                metrics.relay_failed(self._store.service, type(error).__name__)
                _log.warning("relay will try again", extra={"error": repr(error), "pause": pause})
                self._signal.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = SHORTEST_PAUSE
            if moved:
                self._rest()
            else:
                self._signal.wait(POLL)
        self._carrier.close()

    def _rest(self) -> None:
        """Let commits gather, for longer while others keep the process busy."""
        time.sleep(REST)
        wait_while_busy(LONGEST_REST, lambda: self._stopping)

    def stop(self) -> None:
        """Ask the loop to end after the batch in hand."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Have the loop look now."""
        self._signal.notify()

    def relay_once(self) -> int:
        """Carry one batch; give how many arrived. Raises what the carrier raises: then none is marked."""
        with self._claimed() as (connection, rows):
            if not rows:
                return 0
            delivery = self._carrier.carry(rows)
            self._settle(connection, rows, delivery)
        metrics.relayed(self._store.service, len(delivery.arrived))
        return len(delivery.arrived)

    @contextmanager
    def _claimed(self) -> Iterator[tuple[Connection | None, Sequence[AnyRow]]]:
        """Give a batch that no other relay has. On SQLite no transaction may stay open while inboxes commit."""
        database, asked = self._store.database, {"now": self._store.clock(), "most": self._carrier.most}
        if database.is_sqlite:
            with database.reading() as connection:
                rows = connection.execute(self._claim, asked).all()
            yield None, self._leftovers.one_at_a_time(rows) if self._leftovers else rows
            return
        with database.writing() as connection:
            yield connection, connection.execute(self._claim, asked).all()

    def _settle(self, connection: Connection | None, rows: Sequence[AnyRow], delivery: Delivery) -> None:
        if connection is not None:
            self._record(connection, rows, delivery)
            return
        with self._store.database.writing() as own:
            self._record(own, rows, delivery)

    def _record(self, connection: Connection, rows: Sequence[AnyRow], delivery: Delivery) -> None:
        now = self._store.clock()
        if delivery.arrived:
            connection.execute(self._mark, {"seqs": list(delivery.arrived), "published_at": now})
        for row in rows:
            if row.seq in delivery.refused:
                self._park(connection, row, delivery.refused[row.seq], now)
            elif row.seq in delivery.held_back:
                self._postpone(connection, row, delivery.held_back[row.seq], now)

    def _park(self, connection: Connection, row: AnyRow, why: str, now: datetime) -> None:
        metrics.relay_failed(self._store.service, "refused")
        _log.error("event refused by the broker and parked", extra=_facts(row, why))
        self._update(connection, row, parked_at=now, attempts=row.attempts + 1, error=why)

    def _postpone(self, connection: Connection, row: AnyRow, why: str, now: datetime) -> None:
        metrics.relay_failed(self._store.service, "held back")
        _log.warning("event held back", extra=_facts(row, why))
        delay = UNTIL_TAKEN.delay(row.attempts + 1, self._chance)
        assert delay is not None  # noqa: S101 - this policy has no end
        self._update(connection, row, retry_at=now + delay, attempts=row.attempts + 1, error=why)
        schedule(connection, self._store.tables.jobs, RELAY_AGAIN, str(row.event_id), now + delay)

    def _update(self, connection: Connection, row: AnyRow, **values: Any) -> None:
        connection.execute(self._outbox.update().where(self._outbox.c.seq == row.seq).values(**values))


class _Leftovers:
    """Takes what an earlier life of this process left one row at a time, counting the tries before each.

    Inside one process nobody else can tell that handling an event is what ended it; RabbitMQ's delivery limit does
    so between processes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        outbox = store.tables.outbox
        with store.database.reading() as connection:
            self._last = connection.scalar(select(func.max(outbox.c.seq))) or 0

    def one_at_a_time(self, rows: Sequence[AnyRow]) -> Sequence[AnyRow]:
        """Give the batch as it is when it is new, otherwise its first row once the try is noted, or none."""
        if not rows or rows[0].seq > self._last:
            return rows
        return rows[:1] if self._note(rows[0]) else self.one_at_a_time(rows[1:])

    def _note(self, row: AnyRow) -> bool:
        outbox = self._store.tables.outbox
        values: Mapping[str, Any] = {"attempts": row.attempts + 1}
        if row.attempts >= MOST_LIVES:
            why = f"Handing this event over ended the process {row.attempts} times."
            _log.error("event parked", extra=_facts(row, why))
            values = {"parked_at": self._store.clock(), "error": why}
        with self._store.database.writing() as connection:
            connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(**values))
        return bool(row.attempts < MOST_LIVES)


def _claim_of(outbox: Any) -> Any:
    """Give the query for the first unpublished row of each subject, the oldest first, without a twin's.

    The inner query is one look into an index for each row; written as a join, it would be planned as one over the
    whole backlog.
    """
    earlier = outbox.alias("earlier")
    first = (
        select(func.min(earlier.c.seq))
        .where(earlier.c.subject == outbox.c.subject, is_unpublished(earlier))
        .scalar_subquery()
    )
    ready = or_(outbox.c.retry_at.is_(None), outbox.c.retry_at <= bindparam("now", type_=outbox.c.retry_at.type))
    columns = (outbox.c.seq, outbox.c.event_id, outbox.c.type, outbox.c.envelope, outbox.c.attempts)
    return (
        select(*columns)
        .where(is_unpublished(outbox), outbox.c.parked_at.is_(None), ready, outbox.c.seq == first)
        .order_by(outbox.c.seq)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


def _mark_of(outbox: Any, *, on_postgres: bool) -> Any:
    """Give the statement that marks rows: with one array on PostgreSQL, which takes any number alike."""
    if on_postgres:
        mine = outbox.c.seq == func.any(bindparam("seqs", type_=ARRAY(BigInteger)))
    else:
        mine = outbox.c.seq.in_(bindparam("seqs", expanding=True))
    return outbox.update().where(mine).values(published_at=bindparam("published_at"))


def _facts(row: AnyRow, why: str) -> dict[str, Any]:
    return {"event_id": str(row.event_id), "event_type": row.type, "attempts": row.attempts + 1, "error": why}
