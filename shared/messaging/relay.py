"""The relay: moves what the outbox holds to the subscribers, in order, and marks it when it has arrived."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, func, select

from shared.messaging.carriers import Carrier
from shared.messaging.signal import Signal
from shared.persistence.types import AnyRow
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

BATCH = 100
POLL = 1.0
"""Seconds between looks when nothing wakes the relay: the net under a missed wake-up."""
REST = 0.01
"""Seconds between two batches under load: commits gather meanwhile, and one batch costs little more than one row."""
LONGEST_PAUSE = 15.0
"""Seconds between tries while the broker is away."""

_LOCK_KEY = 0x6B657974  # "keyt": the advisory lock that one relay of a database holds at a time


class Relay:
    """Publishes one service's outbox.

    On PostgreSQL a transaction-level advisory lock lets one replica at a time publish, which keeps the order; every
    replica's relay is woken by its own commits, so none waits for another's poll. A row is marked only after the
    carrier has it for good: a crash between the two repeats it, and inboxes drop repeats.
    """

    def __init__(self, store: Store, carrier: Carrier) -> None:
        self._store = store
        self._carrier = carrier
        self._signal = Signal()
        self._stopping = False
        table = store.outbox
        self._unpublished = (
            select(table.c.seq, table.c.event_id, table.c.type, table.c.envelope)
            .where(table.c.published_at.is_(None))
            .order_by(table.c.seq)
            .limit(BATCH)
        )
        self._mark = table.update().where(table.c.seq.in_(bindparam("seqs", expanding=True)))
        store.database.wake_on_commit(self._signal.notify)

    def run(self) -> None:
        """Relay until `stop` is called, backing off while the carrier or the database is away."""
        pause = POLL
        while not self._stopping:
            try:
                moved, left = self.relay_once()
            except Exception as error:
                _log.warning("relay will try again", extra={"error": repr(error), "pause": pause})
                moved, left, pause = 0, True, min(pause * 2, LONGEST_PAUSE)
            else:
                pause = POLL if moved or not left else min(pause * 2, LONGEST_PAUSE)
            if moved < BATCH:
                time.sleep(REST if moved else 0)
                self._signal.wait(pause)
        self._carrier.close()

    def stop(self) -> None:
        """Ask the loop to end after the batch in hand."""
        self._stopping = True
        self._signal.notify()

    def relay_once(self) -> tuple[int, bool]:
        """Carry one batch. Give how many arrived, and whether some did not. Raises what the carrier raises."""
        with self._claimed() as (connection, rows):
            if not rows:
                return 0, False
            carried = self._carrier.carry(rows)
            self._mark_published(connection, carried)
            return len(carried), len(carried) < len(rows)

    @contextmanager
    def _claimed(self) -> Iterator[tuple[Connection | None, Sequence[AnyRow]]]:
        """Give a batch that no other relay has. On SQLite no transaction may stay open while inboxes commit."""
        database = self._store.database
        if database.is_sqlite:
            with database.reading() as connection:
                rows = connection.execute(self._unpublished).all()
            yield None, rows
            return
        with database.engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK_KEY)))
            yield connection, connection.execute(self._unpublished).all()

    def _mark_published(self, connection: Connection | None, carried: set[int]) -> None:
        if not carried:
            return
        values = {"seqs": sorted(carried), "published_at": self._store.clock()}
        if connection is not None:
            connection.execute(self._mark, values)
            return
        with self._store.database.writing() as own:
            own.execute(self._mark, values)
