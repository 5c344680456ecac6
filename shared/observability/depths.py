"""What waits in the services' databases, counted when Prometheus asks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import eventlet
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Table, func, select

from shared.messaging.jobs import FAILED, MISSED
from shared.messaging.tables import DEAD, WAITING, is_unhandled, is_unpublished
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

ANSWER_WITHIN = 2.0
"""Seconds that a database has to answer, so that one which hangs costs only its own figures."""
LATE = timedelta(minutes=1)
"""A job that has not been done this long after it was due is late."""

_UP = "keytalk_database_up"
GAUGES = {
    _UP: "Whether the service's database answered this scrape.",
    "keytalk_outbox_rows": "Events that have still to be relayed.",
    "keytalk_outbox_oldest_seconds": "Age of the oldest event that has still to be relayed; 0 when there is none.",
    "keytalk_outbox_parked_rows": "Events that the broker refused, which wait for an operator.",
    "keytalk_waiting_rows": "Events in the inbox that wait for another try, or behind one that does.",
    "keytalk_dead_letters": "Events in the inbox that wait for an operator.",
    "keytalk_jobs_due": "Jobs whose time has come.",
    "keytalk_jobs_late": "Jobs that were due more than a minute ago and are still to be done.",
    "keytalk_jobs_failed": "Jobs that were given up after their last try.",
    "keytalk_jobs_missed": "Jobs that were passed over because their time had gone by.",
}


class MessagingCollector(Collector):
    """Reads the depths of the services that live in this process, each from its own database.

    One collector serves them all: a metric's name may be given once only in a scrape. What a database that is away
    would have told is left out, and its `keytalk_database_up` is 0.
    """

    def __init__(self) -> None:
        self._stores: dict[str, Store] = {}

    def watch(self, store: Store) -> None:
        """Tell of a service from now on."""
        self._stores[store.service] = store

    def forget(self, service: str) -> None:
        """Tell of a service no more."""
        self._stores.pop(service, None)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name nothing, so that registering asks no database."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask each database in turn."""
        gauges = {name: GaugeMetricFamily(name, words, labels=["service"]) for name, words in GAUGES.items()}
        for service, store in sorted(self._stores.items()):
            for name, value in _ask(store).items():
                gauges[name].add_metric([service], value)
        yield from gauges.values()


collector = MessagingCollector()
"""The collector of this process; `/metrics` gives what it reads."""

REGISTRY.register(collector)


def _ask(store: Store) -> dict[str, float]:
    """Give a service's gauges by name; only that its database is away, when it is."""
    figures = {_UP: 0.0}
    with eventlet.Timeout(ANSWER_WITHIN, False):
        try:
            with store.database.reading() as connection:
                figures = {
                    **_outbox(connection, store.tables.outbox, store.clock()),
                    **_inbox(connection, store.tables.inbox),
                    **_jobs(connection, store.tables.jobs, store.clock()),
                    _UP: 1.0,
                }
        except Exception as error:
            _log.debug("depths cannot be read", extra={"service": store.service, "error": repr(error)})
    return figures


def _outbox(connection: Connection, table: Table, now: datetime) -> dict[str, float]:
    parked = table.c.parked_at.is_not(None)
    query = select(
        func.count().filter(~parked),
        func.min(table.c.created_at).filter(~parked),
        func.count().filter(parked),
    ).where(is_unpublished(table))
    waiting, oldest, refused = connection.execute(query).one()
    return {
        "keytalk_outbox_rows": waiting,
        "keytalk_outbox_oldest_seconds": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        "keytalk_outbox_parked_rows": refused,
    }


def _inbox(connection: Connection, table: Table) -> dict[str, float]:
    state = table.c.state
    query = select(func.count().filter(state == WAITING), func.count().filter(state == DEAD))
    waiting, dead = connection.execute(query.where(is_unhandled(table))).one()
    return {"keytalk_waiting_rows": waiting, "keytalk_dead_letters": dead}


def _jobs(connection: Connection, table: Table, now: datetime) -> dict[str, float]:
    waits = table.c.state == WAITING
    query = select(
        func.count().filter(waits, table.c.next_attempt_at <= now),
        func.count().filter(waits, table.c.due_at <= now - LATE),
        func.count().filter(table.c.state == FAILED),
        func.count().filter(table.c.state == MISSED),
    ).select_from(table)
    due, late, failed, missed = connection.execute(query).one()
    return {
        "keytalk_jobs_due": due,
        "keytalk_jobs_late": late,
        "keytalk_jobs_failed": failed,
        "keytalk_jobs_missed": missed,
    }
