"""What a service tells of its own health, whatever is away."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from shared.messaging.broker import QueueDepth
from shared.messaging.tables import job_row
from shared.observability import health as module
from shared.observability.health import Health
from shared.persistence.database import Database
from shared.persistence.work import Store


class Probe:
    """A broker that is asked how full its queues are."""

    def __init__(self, depths) -> None:
        self._depths = depths

    def depths(self, queues):
        return None if self._depths is None else {queue: self._depths.get(queue) for queue in queues}


@pytest.fixture(autouse=True)
def revisions(monkeypatch):
    """The databases here have tables and no migrations."""
    monkeypatch.setattr(module, "known_revisions", lambda _service: ("0001", "0002"))


def _event(**values):
    return {"event_id": uuid4(), "type": "stage_changed", "subject": "KT-1", "envelope": "{}", **values}


def _insert(office, table, **values):
    with office.database.writing() as connection:
        connection.execute(table.insert(), values)


def test_what_waits_is_counted_with_its_age(enquiries, clock):
    tables, now = enquiries.messaging, clock()
    for age, fate in ((30, {}), (90, {}), (10, {"parked_at": now})):
        _insert(enquiries, tables.outbox, **_event(created_at=now - timedelta(seconds=age), **fate))
    for state, again in (("waiting", None), ("waiting", now), ("waiting", now), ("dead", None), ("handled", None)):
        _insert(enquiries, tables.inbox, **_event(state=state, received_at=now, next_attempt_at=again))
    for late, state in ((5, "waiting"), (300, "waiting"), (600, "waiting"), (700, "failed")):
        due = now - timedelta(seconds=late)
        _insert(enquiries, tables.jobs, **job_row("send", str(late), due) | {"state": state})

    told = Health(enquiries.store, None).look()

    assert told["backlog"] == {
        "outbox": {"waiting": 2, "oldest_seconds": 90.0, "parked": 1},
        "inbox": {"waiting": 1, "retrying": 2, "dead": 1},
        "jobs": {"due": 3, "overdue": 2, "most_late_seconds": 600.0, "given_up": 1, "missed": 0},
    }


def test_the_database_and_its_migration_are_told_with_the_newest_that_is_known(enquiries, clock):
    told = Health(enquiries.store, None).look()

    assert told["database"] == {"reachable": True, "kind": "sqlite", "now": None, "revision": None, "newest": "0002"}
    assert (told["service"], told["now"], told["broker"]) == ("enquiries", clock().isoformat(), None)
    assert told["version"]


def test_a_database_that_is_away_is_told_and_the_rest_all_the_same(enquiries, clock):
    away = Database(make_url("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    store = Store(away, enquiries.messaging, clock, "enquiries")

    told = Health(store, Probe({})).look(lambda _connection: {"canary": "is not read"})

    assert told["database"]["reachable"] is False
    assert told["backlog"] is None
    assert told["broker"]["reachable"] is True
    assert "canary" not in told


def test_how_full_the_queues_are_is_told_and_which_is_missing(enquiries):
    told = Health(enquiries.store, Probe({"enquiries.inbox": QueueDepth(3, 1)})).look()

    assert told["broker"] == {
        "reachable": True,
        "queues": {
            "inbox": {"name": "enquiries.inbox", "ready": 3, "readers": 1},
            "dead": {"name": "enquiries.dead", "ready": None, "readers": None},
        },
    }


def test_a_broker_that_is_away_is_told(enquiries):
    assert Health(enquiries.store, Probe(None)).look()["broker"] == {"reachable": False, "queues": {}}


def test_a_service_adds_what_it_reads_from_its_own_database(enquiries):
    told = Health(enquiries.store, None).look(lambda connection: {"more": connection.dialect.name})

    assert told["more"] == "sqlite"
