"""The inbox: every event that arrives takes effect once, or waits where an operator can see it."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import Connection, and_, exists, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.contracts.base import Event, contract_for
from shared.errors import Refused
from shared.messaging.envelope import Envelope
from shared.messaging.retry import RetryPolicy
from shared.messaging.tables import DEAD, HANDLED, WAITING, is_unhandled, is_waiting
from shared.observability import metrics
from shared.observability.context import about
from shared.observability.tracing import span
from shared.persistence.bulk import insert_all, is_any_of
from shared.persistence.pipeline import pipelined
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import Store, UnitOfWork, schedule

_log = logging.getLogger(__name__)

Handle = Callable[[UnitOfWork, Event], None]
"""A handler of one event type: works inside the unit of work it is given, and commits nothing itself."""

RETRY_EVENTS = "retry_events"
"""The kind of the jobs that have the inbox try again."""

HANDLING_WITHIN = timedelta(minutes=1)
"""How long one retry may take before it counts as broken off, with its process, and another may begin."""


GIVE_WAY = 20
"""Events handled in a pipeline before other green threads have their turn."""


class Inbox:
    """Takes envelopes for one service.

    `receive` returns only when each envelope is committed: with its effect, as a repeat that was dropped, or as a
    row that waits (with its error) to be tried again. It raises only when the database is away: then nothing of the
    batch happened and it must be offered again.
    """

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handle],
        policy: RetryPolicy | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._table = store.tables.inbox
        self._handlers = handlers
        self._policy = policy or RetryPolicy()
        self._chance = chance

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Take a batch in one transaction; where one of it fails, take each alone, so that it costs only itself."""
        ours = [envelope for envelope in envelopes if envelope.type in self._handlers]
        if not ours:
            return
        metrics.batch_taken(self._store.service, len(ours))
        try:
            self._take(ours)
        except Exception as error:
            if _is_unavailable(error):
                raise
            if len(ours) > 1:
                _log.warning("batch taken one by one", extra={"count": len(ours), "error": _words_of(error)})
            self._take_each(ours)

    def keep(self, envelopes: Sequence[Envelope]) -> None:
        """Store a batch without trying any of it: each is then tried alone, and the try is counted before it begins."""
        ours = [envelope for envelope in envelopes if envelope.type in self._handlers]
        with self._store.database.writing() as connection:
            for envelope in ours:
                insert_or_leave(connection, self._table, self._row(envelope, WAITING))
            if ours:
                schedule(connection, self._store.tables.jobs, RETRY_EVENTS, str(ours[0].id), self._store.clock())

    def _take_each(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            try:
                self._take([envelope])
            except Exception as error:
                if _is_unavailable(error):
                    raise
                self._keep_for_later(envelope, error)

    def _take(self, envelopes: Sequence[Envelope]) -> None:
        with self._store.database.writing() as connection:
            known, blocked = self._known(connection, envelopes), self._blocked(connection, envelopes)
            with pipelined(connection) if len(envelopes) > 1 else nullcontext():
                rows = self._handle_all(connection, envelopes, known, blocked)
                insert_all(connection, self._table, rows)
        for row in rows:
            metrics.received(self._store.service, row["type"], row["state"])

    def _handle_all(
        self, connection: Connection, envelopes: Sequence[Envelope], known: set[Any], blocked: set[str]
    ) -> list[dict[str, Any]]:
        """Handle what is new and may be handled now; give the rows that say so."""
        rows = []
        for envelope in envelopes:
            if envelope.id in known:
                metrics.received(self._store.service, envelope.type, "repeated")
                continue
            known.add(envelope.id)
            waits = envelope.subject in blocked
            if not waits:
                self._handle(connection, envelope)
            rows.append(self._row(envelope, WAITING if waits else HANDLED))
            if len(rows) % GIVE_WAY == 0 and not self._store.database.is_sqlite:
                time.sleep(0)  # in a pipeline nothing waits, so nobody else would have a turn
        return rows

    def _known(self, connection: Connection, envelopes: Sequence[Envelope]) -> set[Any]:
        column = self._table.c.event_id
        return set(connection.scalars(select(column).where(is_any_of(connection, column, [e.id for e in envelopes]))))

    def _blocked(self, connection: Connection, envelopes: Sequence[Envelope]) -> set[str]:
        """Subjects with an earlier event that was not handled: what comes later waits behind it."""
        table = self._table
        subjects = {envelope.subject for envelope in envelopes}
        unhandled = and_(is_any_of(connection, table.c.subject, subjects), is_unhandled(table))
        return set(connection.scalars(select(table.c.subject).where(unhandled).distinct()))

    def _handle(self, connection: Connection, envelope: Envelope) -> None:
        event = contract_for(envelope.type).load(envelope.data)
        unit = self._store.unit(connection, cause=envelope)
        with _about(envelope), metrics.handled_in(self._store.service, envelope.type):
            self._handlers[envelope.type](unit, event)
        self._store.save_news(unit)

    def _row(self, envelope: Envelope, state: str, **values: Any) -> dict[str, Any]:
        now = self._store.clock()
        handled, settled = state == HANDLED, state != WAITING
        return {
            "event_id": envelope.id,
            "type": envelope.type,
            "subject": envelope.subject,
            "state": state,
            "envelope": None if handled else envelope.to_json(),
            "attempts": 1 if handled else 0,
            "next_attempt_at": None,
            "error": None,
            "received_at": now,
            "handled_at": now if settled else None,
            **values,
        }

    def _keep_for_later(self, envelope: Envelope, error: Exception) -> None:
        """Store a message that failed, with when to try it again. A repeat that lost the race is simply known."""
        with self._store.database.writing() as connection:
            if isinstance(error, IntegrityError) and self._known(connection, [envelope]):
                return
            fate = self._fate(error, attempts=1)
            _report(envelope, fate)
            insert_or_leave(connection, self._table, self._row(envelope, **fate))
            self._wake_at(connection, envelope, fate)
        metrics.received(self._store.service, envelope.type, fate["state"])

    def _fate(self, error: Exception, attempts: int) -> dict[str, Any]:
        """Say whether a failed message waits or is dead: one whose shape is wrong will not mend by itself."""
        delay = None if isinstance(error, ValidationError) else self._policy.delay(attempts, self._chance)
        now = self._store.clock()
        return {
            "state": DEAD if delay is None else WAITING,
            "attempts": attempts,
            "error": _words_of(error),
            "next_attempt_at": None if delay is None else now + delay,
            "handled_at": now if delay is None else None,
        }

    def _wake_at(self, connection: Connection, envelope: Envelope, fate: Mapping[str, Any]) -> None:
        if fate["next_attempt_at"] is not None:
            jobs = self._store.tables.jobs
            schedule(connection, jobs, RETRY_EVENTS, str(envelope.id), fate["next_attempt_at"])

    def retry_due(self) -> int:
        """Try each message whose time has come and that no earlier one of its subject holds up; give how many."""
        tried = 0
        while (row := self._claim_next()) is not None:
            self._retry(row)
            tried += 1
        return tried

    def _claim_next(self) -> AnyRow | None:
        """Take the next message to retry and count the try before it begins: a handler may end the process."""
        with self._store.database.writing() as connection:
            row = connection.execute(self._next_due()).first()
            if row is None:
                return None
            again = self._store.clock() + HANDLING_WITHIN
            self._update(connection, row, attempts=row.attempts + 1, next_attempt_at=again)
            schedule(connection, self._store.tables.jobs, RETRY_EVENTS, str(row.event_id), again)
            return row

    def _next_due(self) -> Any:
        table, earlier = self._table, self._table.alias("earlier")
        held_up = exists().where(
            earlier.c.subject == table.c.subject, earlier.c.seq < table.c.seq, is_unhandled(earlier)
        )
        due = (table.c.next_attempt_at.is_(None)) | (table.c.next_attempt_at <= self._store.clock())
        query = (
            select(table).where(is_waiting(table), is_unhandled(table), due, ~held_up).order_by(table.c.seq).limit(1)
        )
        return query.with_for_update(skip_locked=True)

    def _retry(self, row: AnyRow) -> None:
        envelope = Envelope.from_json(row.envelope)
        metrics.retried(self._store.service, row.type)
        try:
            if row.attempts > len(self._policy.delays):
                raise HandlingBrokenOff(
                    f"{row.attempts} tries, and the last never came to an end: it may end the process."
                )
            with self._store.database.writing() as connection:
                if self._is_still_ours(connection, row):
                    self._handle(connection, envelope)
                    now = self._store.clock()
                    self._update(connection, row, state=HANDLED, envelope=None, next_attempt_at=None, handled_at=now)
        except Exception as error:
            if _is_unavailable(error):
                raise
            self._postpone(row, envelope, error)
        else:
            metrics.received(self._store.service, row.type, HANDLED)

    def _is_still_ours(self, connection: Connection, row: AnyRow) -> bool:
        """Lock a claimed row; it is no longer ours when another took it after our time was up."""
        mine = (self._table.c.seq == row.seq) & (self._table.c.attempts == row.attempts + 1)
        query = select(self._table.c.seq).where(mine, is_waiting(self._table))
        return connection.execute(query.with_for_update()).first() is not None

    def _postpone(self, row: AnyRow, envelope: Envelope, error: Exception) -> None:
        fate = self._fate(error, attempts=row.attempts + 1)
        _report(envelope, fate)
        with self._store.database.writing() as connection:
            self._update(connection, row, **fate)
            self._wake_at(connection, envelope, fate)
        metrics.received(self._store.service, row.type, fate["state"])

    def _update(self, connection: Connection, row: AnyRow, **values: Any) -> None:
        connection.execute(self._table.update().where(self._table.c.seq == row.seq).values(**values))

    def bury(self, envelope: Envelope, why: str) -> None:
        """Store a message that the broker gave up on as a dead letter; one that is known here stays as it is."""
        with self._store.database.writing() as connection:
            buried = insert_or_leave(connection, self._table, self._row(envelope, DEAD, error=why))
        if buried:
            metrics.received(self._store.service, envelope.type, DEAD)

    def bury_unread(self, row: Mapping[str, Any]) -> None:
        """Store what no envelope could be read from: `row` has event_id, type, envelope (the text) and error."""
        with self._store.database.writing() as connection:
            now = self._store.clock()
            values = {"subject": "", "state": DEAD, "attempts": 0, "received_at": now, "handled_at": now, **row}
            insert_or_leave(connection, self._table, values)


class HandlingBrokenOff(Exception):
    """The tries are used up, and the last ones never came to an end: handling this event may end the process."""


def _is_unavailable(error: Exception) -> bool:
    return isinstance(error, Refused) and error.code == "unavailable"


@contextmanager
def _about(envelope: Envelope) -> Iterator[None]:
    """Let logs, traces and what the handler records tell what it was caused by."""
    with (
        span(envelope.type, "consumer", envelope.traceparent, event_id=str(envelope.id), event_type=envelope.type),
        about(correlation_id=envelope.correlation_id, causation_id=str(envelope.id)),
    ):
        yield


def _report(envelope: Envelope, fate: Mapping[str, Any]) -> None:
    facts = {"event_id": str(envelope.id), "event_type": envelope.type, "subject": envelope.subject}
    facts |= {name: fate[name] for name in ("state", "attempts", "error")}
    causes = {"correlation_id": envelope.correlation_id, "traceparent": envelope.traceparent}
    with about(causation_id=str(envelope.id), **causes):
        _log.error("event not handled", extra=facts)


def _words_of(error: Exception) -> str:
    """Give an error's kind and words; a database error's own words repeat the row's values, so they stay out."""
    if isinstance(error, DBAPIError):
        return f"{type(error).__name__}: {type(error.orig).__name__}"
    return f"{type(error).__name__}: {error}"[:2000]
