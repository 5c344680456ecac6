"""How a service stands, told by itself: its database, its backlog, its clock and its broker. No personal data."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import eventlet
from sqlalchemy import Connection, text

from shared.messaging.backlog import read_backlog
from shared.messaging.broker import BrokerProbe, QueueDepth
from shared.messaging.topology import dead_queue, inbox_queue
from shared.persistence.migrations import known_revisions, revision_of
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

ANSWER_WITHIN = 4.0
"""Seconds that the database has to answer, and again the broker."""


class Health:
    """Looks at one service from within. `broker` is None where events stay inside the process."""

    def __init__(self, store: Store, broker: BrokerProbe | None) -> None:
        self._store = store
        self._broker = broker

    def look(self, more: Callable[[Connection], dict[str, Any]] = lambda _connection: {}) -> dict[str, Any]:
        """Give service, version, now (UTC, ISO), database, backlog and broker; it answers whatever is away.

        `database` has reachable, kind, now (the server's clock; None for SQLite), revision and newest. `backlog` is
        None where it cannot be read, else it has outbox, inbox and jobs as `shared.messaging.backlog` counts them.
        `broker` is None in the embedded mode, else it has reachable and queues: name, ready and readers of the inbox
        and of the dead-letter queue, both None for a queue that is not there. What `more` reads from the database is
        added, and left out where that cannot be read.
        """
        return {
            "service": self._store.service,
            "version": our_version(),
            "now": self._store.clock().isoformat(),
            **self._read(more),
            "broker": self._queues(),
        }

    def _read(self, more: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
        database: dict[str, Any] = {
            "reachable": False,
            "kind": self._store.database.url.get_backend_name(),
            "now": None,
            "revision": None,
            "newest": known_revisions(self._store.service)[-1],
        }
        told: dict[str, Any] = {"database": database, "backlog": None}
        with eventlet.Timeout(ANSWER_WITHIN, False):
            try:
                with self._store.database.reading() as connection:
                    server_now = clock_of(connection)
                    database |= {"reachable": True, "now": server_now and server_now.isoformat()}
                    database |= {"revision": revision_of(connection)}
                    told["backlog"] = asdict(read_backlog(connection, self._store.tables, self._store.clock()))
                    told |= more(connection)
            except Exception as error:
                # By its kind only: a database's own words may hold a row's.
                _log.warning("health cannot be read", extra={"error": type(error).__name__})
        return told

    def _queues(self) -> dict[str, Any] | None:
        if self._broker is None:
            return None
        names = {"inbox": inbox_queue(self._store.service).name, "dead": dead_queue(self._store.service).name}
        depths: dict[str, QueueDepth | None] | None = None
        with eventlet.Timeout(ANSWER_WITHIN, False):
            depths = self._broker.depths(tuple(names.values()))
        if depths is None:
            return {"reachable": False, "queues": {}}
        return {"reachable": True, "queues": {which: _told(name, depths[name]) for which, name in names.items()}}


def clock_of(connection: Connection) -> datetime | None:
    """Give the time by the database server's clock, or None for SQLite, which has none of its own."""
    if connection.dialect.name == "sqlite":
        return None
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)


def our_version() -> str:
    """Give the version of Keytalk that runs here; "unknown" where it was not installed."""
    try:
        return version("keytalk")
    except PackageNotFoundError:
        return "unknown"


def _told(name: str, depth: QueueDepth | None) -> dict[str, Any]:
    return {"name": name, **(depth._asdict() if depth else {"ready": None, "readers": None})}
