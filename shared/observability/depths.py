"""What waits in the services' databases, counted when Prometheus asks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import eventlet
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.messaging.backlog import Backlog, read_backlog
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

ANSWER_WITHIN = 2.0
"""Seconds that a database has to answer, so that one which hangs costs only its own figures."""

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
                figures = {**_figures(read_backlog(connection, store.tables, store.clock())), _UP: 1.0}
        except Exception as error:
            _log.debug("depths cannot be read", extra={"service": store.service, "error": repr(error)})
    return figures


def _figures(backlog: Backlog) -> dict[str, float]:
    outbox, inbox, jobs = backlog.outbox, backlog.inbox, backlog.jobs
    return {
        "keytalk_outbox_rows": outbox.waiting,
        "keytalk_outbox_oldest_seconds": outbox.oldest_seconds,
        "keytalk_outbox_parked_rows": outbox.parked,
        "keytalk_waiting_rows": inbox.waiting + inbox.retrying,
        "keytalk_dead_letters": inbox.dead,
        "keytalk_jobs_due": jobs.due,
        "keytalk_jobs_late": jobs.overdue,
        "keytalk_jobs_failed": jobs.given_up,
        "keytalk_jobs_missed": jobs.missed,
    }
