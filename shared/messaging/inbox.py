"""The inbox: every event that arrives takes effect once, or waits where an operator can see it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import Connection, Table, and_, exists, select
from sqlalchemy.exc import IntegrityError

from shared.contracts.base import Event, contract_for
from shared.errors import Refused
from shared.messaging.envelope import Envelope
from shared.messaging.retry import RetryPolicy
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import Store, UnitOfWork

_log = logging.getLogger(__name__)

Handle = Callable[[UnitOfWork, Event], None]
"""A handler of one event type: works inside the unit of work it is given, and commits nothing itself."""

HANDLED, WAITING, DEAD = "handled", "waiting", "dead"


class Inbox:
    """Takes envelopes for one service.

    `receive` returns only when each envelope is committed: with its effect, as a repeat that was dropped, or as a
    row that waits (with its error) to be tried again. It raises only when the database is away: then nothing of the
    batch happened and it must be offered again.
    """

    def __init__(
        self,
        store: Store,
        table: Table,
        handlers: Mapping[str, Handle],
        policy: RetryPolicy | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._table = table
        self._handlers = handlers
        self._policy = policy or RetryPolicy()
        self._chance = chance

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Take a batch in one transaction; where one of it fails, take each alone, so that it costs only itself."""
        ours = [envelope for envelope in envelopes if envelope.type in self._handlers]
        if not ours:
            return
        try:
            self._take(ours)
        except Refused as refused:
            if refused.code == "unavailable":
                raise
            self._take_each(ours)
        except Exception:
            self._take_each(ours)

    def _take_each(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            try:
                self._take([envelope])
            except Exception as error:
                if isinstance(error, Refused) and error.code == "unavailable":
                    raise
                self._keep_for_later(envelope, error)

    def _take(self, envelopes: Sequence[Envelope]) -> None:
        with self._store.database.writing() as connection:
            known, blocked = self._known(connection, envelopes), self._blocked(connection, envelopes)
            rows = []
            for envelope in envelopes:
                if envelope.id in known:
                    continue
                known.add(envelope.id)
                waits = envelope.subject in blocked
                if not waits:
                    self._handle(connection, envelope)
                rows.append(self._row(envelope, WAITING if waits else HANDLED))
            if rows:
                connection.execute(self._table.insert(), rows)

    def _known(self, connection: Connection, envelopes: Sequence[Envelope]) -> set[Any]:
        column = self._table.c.event_id
        return set(connection.scalars(select(column).where(column.in_([e.id for e in envelopes]))))

    def _blocked(self, connection: Connection, envelopes: Sequence[Envelope]) -> set[str]:
        """Subjects with an earlier event that was not handled: what comes later waits behind it."""
        table = self._table
        subjects = {envelope.subject for envelope in envelopes}
        unhandled = and_(table.c.subject.in_(subjects), table.c.state != HANDLED)
        return set(connection.scalars(select(table.c.subject).where(unhandled).distinct()))

    def _handle(self, connection: Connection, envelope: Envelope) -> None:
        event = contract_for(envelope.type).load(envelope.data)
        unit = UnitOfWork(connection, self._store.clock(), self._store.service, cause=envelope)
        self._handlers[envelope.type](unit, event)
        self._store.save_news(unit)

    def _row(self, envelope: Envelope, state: str, **values: Any) -> dict[str, Any]:
        now = self._store.clock()
        handled = state == HANDLED
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
            "handled_at": now if handled else None,
            **values,
        }

    def _keep_for_later(self, envelope: Envelope, error: Exception) -> None:
        """Store a message that failed, with when to try it again. A repeat that lost the race is simply known."""
        with self._store.database.writing() as connection:
            if isinstance(error, IntegrityError) and self._known(connection, [envelope]):
                return
            _log.error("event not handled", extra=_facts(envelope, error))
            state, fate = self._fate(error, attempts=1)
            insert_or_leave(connection, self._table, self._row(envelope, state, **fate))

    def _fate(self, error: Exception, attempts: int) -> tuple[str, dict[str, Any]]:
        """Say whether a failed message waits or is dead: one whose shape is wrong will not mend by itself."""
        delay = None if isinstance(error, ValidationError) else self._policy.delay(attempts, self._chance)
        values = {"attempts": attempts, "error": _words_of(error)}
        if delay is None:
            return DEAD, {**values, "next_attempt_at": None}
        return WAITING, {**values, "next_attempt_at": self._store.clock() + delay}

    def retry_due(self) -> int:
        """Try each message whose time has come and that no earlier one of its subject holds up; give how many."""
        tried = 0
        while self._any_due() and self._retry_next():
            tried += 1
        return tried

    def _any_due(self) -> bool:
        """Look before opening a transaction: a commit wakes every loop that waits for one."""
        with self._store.database.reading() as connection:
            return connection.execute(self._next_due(lock=False)).first() is not None

    def _retry_next(self) -> bool:
        row: Any = None
        try:
            with self._store.database.writing() as connection:
                row = connection.execute(self._next_due()).first()
                if row is None:
                    return False
                envelope = Envelope.from_json(row.envelope)
                self._handle(connection, envelope)
                self._update(connection, row, state=HANDLED, envelope=None, handled_at=self._store.clock())
        except Refused as error:
            if error.code == "unavailable":
                raise
            self._postpone(row, error)
        except Exception as error:
            self._postpone(row, error)
        return True

    def _next_due(self, *, lock: bool = True) -> Any:
        table, earlier = self._table, self._table.alias("earlier")
        held_up = exists().where(
            earlier.c.subject == table.c.subject, earlier.c.seq < table.c.seq, earlier.c.state != HANDLED
        )
        due = (table.c.next_attempt_at.is_(None)) | (table.c.next_attempt_at <= self._store.clock())
        query = select(table).where(table.c.state == WAITING, due, ~held_up).order_by(table.c.seq).limit(1)
        return query.with_for_update(skip_locked=True) if lock else query

    def _postpone(self, row: AnyRow, error: Exception) -> None:
        envelope = Envelope.from_json(row.envelope)
        _log.error("event not handled", extra=_facts(envelope, error))
        state, fate = self._fate(error, attempts=row.attempts + 1)
        with self._store.database.writing() as connection:
            self._update(connection, row, state=state, **fate)

    def _update(self, connection: Connection, row: AnyRow, **values: Any) -> None:
        connection.execute(self._table.update().where(self._table.c.seq == row.seq).values(**values))


def _facts(envelope: Envelope, error: Exception) -> dict[str, Any]:
    return {
        "event_id": str(envelope.id),
        "event_type": envelope.type,
        "subject": envelope.subject,
        "error": _words_of(error),
    }


def _words_of(error: Exception) -> str:
    """Give an error's kind and words; a database error's own words repeat the row's values, so they stay out."""
    if isinstance(error, IntegrityError):
        return f"{type(error).__name__}: {type(error.orig).__name__}"
    return f"{type(error).__name__}: {error}"[:2000]
