"""What Prometheus is told: what was counted, and what lies in each service's database when it asks."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import eventlet
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from sqlalchemy.engine import URL, make_url

from shared.messaging.tables import job_row, messaging_tables
from shared.observability import depths, metrics
from shared.observability.depths import MessagingCollector
from shared.persistence.database import Database
from shared.persistence.types import new_metadata
from shared.persistence.work import Store


def _grown(act, name, **labels):
    """By how much a sample grew while `act` ran."""
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    act()
    return REGISTRY.get_sample_value(name, labels) - before


@pytest.mark.parametrize(
    ("act", "by", "name", "labels"),
    [
        (lambda: metrics.relayed("enquiries", 7), 7, "relayed_events_total", {}),
        (lambda: metrics.relay_failed("enquiries", "away"), 1, "relay_failures_total", {"reason": "away"}),
        (
            lambda: metrics.received("enquiries", "stage_changed", "repeated", 3),
            3,
            "inbox_events_total",
            {"type": "stage_changed", "outcome": "repeated"},
        ),
        (lambda: metrics.retried("enquiries", "stage_changed"), 1, "retries_total", {"type": "stage_changed"}),
        (lambda: metrics.batch_taken("enquiries", 40), 40, "inbox_batch_size_sum", {}),
        (lambda: metrics.batch_taken("enquiries", 40), 1, "inbox_batch_size_bucket", {"le": "50.0"}),
        (
            lambda: metrics.called("enquiries", "scheduling.get_run", "ok", 0.2),
            1,
            "rpc_calls_total",
            {"operation": "scheduling.get_run", "outcome": "ok"},
        ),
        (
            lambda: metrics.called("enquiries", "scheduling.get_run", "ok", 0.2),
            1,
            "rpc_seconds_bucket",
            {"operation": "scheduling.get_run", "le": "0.25"},
        ),
    ],
)
def test_what_happens_is_counted(act, by, name, labels):
    assert _grown(act, f"keytalk_{name}", service="enquiries", **labels) == by


def test_a_handler_is_timed_whether_it_ends_well_or_not():
    def handle():
        with metrics.handled_in("enquiries", "stage_changed"):
            pass
        with contextlib.suppress(RuntimeError), metrics.handled_in("enquiries", "stage_changed"):
            raise RuntimeError

    assert _grown(handle, "keytalk_handler_seconds_count", service="enquiries", type="stage_changed") == 2


def test_a_stall_is_counted_with_its_length():
    assert _grown(lambda: metrics.loop_stalled(1.5), "keytalk_event_loop_stalls_total") == 1
    assert _grown(lambda: metrics.loop_stalled(1.5), "keytalk_event_loop_stalled_seconds_total") == 1.5


NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store_of(tmp_path):
    """Makes the store of a service, on an SQLite database of its own; it is always nine o'clock."""
    with contextlib.ExitStack() as stack:

        def make(service):
            metadata = new_metadata()
            tables = messaging_tables(metadata)
            database = Database(URL.create("sqlite", database=str(tmp_path / f"{service}.sqlite3")))
            stack.callback(database.close)
            metadata.create_all(database.engine)
            return Store(database, tables, lambda: NOW, service)

        yield make


@pytest.fixture
def enquiries(store_of):
    return store_of("enquiries")


@pytest.fixture
def collector():
    return MessagingCollector()


@pytest.fixture
def scraped(collector):
    """Scrapes, and gives the value of a gauge of a service, or None where it is not told."""
    registry = CollectorRegistry()
    registry.register(collector)
    return lambda name, service: registry.get_sample_value(f"keytalk_{name}", {"service": service})


def _insert(store, table, **values):
    with store.database.writing() as connection:
        connection.execute(table.insert(), values)


def _event(**values):
    return {"event_id": uuid4(), "type": "stage_changed", "subject": "KT-1", "envelope": "{}", **values}


def _job(store, due_in, state="waiting", next_in=None):
    due_at = NOW + due_in
    row = job_row("reminder", str(uuid4()), due_at)
    _insert(store, store.tables.jobs, **row | {"state": state, "next_attempt_at": NOW + (next_in or due_in)})


def test_a_scrape_tells_what_waits_to_be_relayed(collector, scraped, enquiries):
    collector.watch(enquiries)
    for age, fate in enumerate([{}, {}, {"parked_at": NOW}, {"published_at": NOW}, {"dropped_at": NOW}], start=1):
        _insert(enquiries, enquiries.tables.outbox, **_event(created_at=NOW - timedelta(seconds=10 * age), **fate))

    assert scraped("outbox_rows", "enquiries") == 2
    assert scraped("outbox_oldest_seconds", "enquiries") == 20
    assert scraped("outbox_parked_rows", "enquiries") == 1
    assert scraped("database_up", "enquiries") == 1


def test_a_scrape_tells_what_the_inbox_holds_back(collector, scraped, enquiries):
    collector.watch(enquiries)
    for state in ("waiting", "waiting", "dead", "handled", "dropped"):
        _insert(enquiries, enquiries.tables.inbox, **_event(state=state, received_at=NOW))

    assert scraped("waiting_rows", "enquiries") == 2
    assert scraped("dead_letters", "enquiries") == 1


def test_a_scrape_tells_which_jobs_are_due_late_given_up_or_missed(collector, scraped, enquiries):
    collector.watch(enquiries)
    _job(enquiries, timedelta(seconds=1))
    _job(enquiries, timedelta(seconds=-1))
    _job(enquiries, timedelta(hours=-1))
    _job(enquiries, timedelta(hours=-2), next_in=timedelta(hours=1))
    _job(enquiries, timedelta(hours=-3), "failed")
    _job(enquiries, timedelta(hours=-4), "missed")

    assert [scraped(f"jobs_{what}", "enquiries") for what in ("due", "late", "failed", "missed")] == [2, 2, 1, 1]


def test_a_database_with_nothing_that_waits_says_so(collector, scraped, enquiries):
    collector.watch(enquiries)
    told = {name: scraped(name.removeprefix("keytalk_"), "enquiries") for name in depths.GAUGES}

    assert told == dict.fromkeys(depths.GAUGES, 0) | {"keytalk_database_up": 1}


def test_a_service_whose_database_is_away_costs_only_its_own_figures(collector, scraped, enquiries):
    away = Database(make_url("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    collector.watch(Store(away, enquiries.tables, lambda: NOW, "away"))
    collector.watch(enquiries)

    assert scraped("database_up", "away") == 0
    assert scraped("outbox_rows", "away") is None
    assert scraped("outbox_rows", "enquiries") == 0


def test_a_database_that_hangs_is_left_alone_after_its_time(collector, scraped, enquiries, monkeypatch):
    @contextlib.contextmanager
    def hang(_database):
        eventlet.sleep(30)
        yield

    monkeypatch.setattr(Database, "reading", hang)
    monkeypatch.setattr(depths, "ANSWER_WITHIN", 0.01)
    collector.watch(enquiries)

    assert scraped("database_up", "enquiries") == 0


def test_a_service_that_left_is_told_of_no_more(collector, scraped, enquiries):
    collector.watch(enquiries)
    collector.forget("enquiries")

    assert scraped("database_up", "enquiries") is None


def test_the_page_of_metrics_tells_of_several_services_under_one_name(store_of):
    services = ("enquiries", "scheduling")
    for service in services:
        depths.collector.watch(store_of(service))
    try:
        lines = generate_latest().decode().splitlines()
    finally:
        for service in services:
            depths.collector.forget(service)

    assert lines.count("# TYPE keytalk_outbox_rows gauge") == 1
    assert 'keytalk_outbox_rows{service="enquiries"} 0.0' in lines
    assert 'keytalk_outbox_rows{service="scheduling"} 0.0' in lines


def test_the_page_on_seeing_it_names_every_metric():
    page = (Path(__file__).parents[3] / "docs" / "observability.md").read_text(encoding="utf-8")
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("keytalk_")}

    assert ours >= set(depths.GAUGES)
    assert [name for name in sorted(ours) if name not in page] == []
