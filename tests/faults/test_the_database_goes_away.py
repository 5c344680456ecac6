"""The database restarts, ends its connections, is read-only, locked or full up: 503, and all mends by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import requests

from tests.examples import risley_enquiry
from tests.faults.lab import Lab, assert_nobody_ended, pids
from tests.servers.apart import Replica
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def test_connections_to_the_database_ended_every_second_cost_nothing(lab):
    before, load = pids(lab), lab.load()

    with load.flowing(rate=10):
        ended = 0
        for _ in range(5):
            time.sleep(1)
            ended += lab.terminate_backends()

    assert ended > 0
    lab.judge(load)
    assert {status for status in load.told if status.isdigit()} <= {"201", "503"}
    assert_nobody_ended(lab, before)


def test_a_restart_of_the_database_server_is_lived_through(lab):
    before, load = pids(lab), lab.load()

    with load.flowing(rate=10):
        lab.postgres.stop()
        time.sleep(1.5)
        lab.postgres.start()

    lab.judge(load)
    assert {status for status in load.told if status.isdigit()} <= {"201", "503"}
    assert_nobody_ended(lab, before)


@contextmanager
def read_only(lab: Lab) -> Iterator[None]:
    """The whole server takes no writes, as one that was promoted wrongly or whose disk is full."""
    with psycopg.connect(lab.postgres.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


def test_a_read_only_database_is_answered_503_and_never_a_2xx(lab):
    before, load = pids(lab), lab.load(twice=0)

    with load.flowing(rate=10), read_only(lab):
        eventually(lambda: _post(lab).status_code != 201)
        time.sleep(0.5)  # those that were on their way have been answered
        at_first = load.told
        time.sleep(2)
        at_last = load.told
    assert at_last["503"] > at_first["503"]
    assert (at_last - at_first).keys() == {"503"}

    lab.judge(load)
    assert len(load.taken) == len(load.log)
    assert_nobody_ended(lab, before)


def _post(lab: Lab, timeout: float = 30) -> requests.Response:
    return requests.post(f"{lab.apart.public_urls[0]}/api/enquiries", json=risley_enquiry(), timeout=timeout)


def test_a_locked_table_is_answered_503_in_time_and_the_process_stays_alive(lab):
    before, load = pids(lab), lab.load(twice=0)
    load.post(3)

    with psycopg.connect(lab.books.databases["enquiries"]) as connection:
        connection.execute("LOCK TABLE enquiries IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        answer = _post(lab)
        took = time.monotonic() - begun
        live = requests.get(f"{lab.apart.of('enquiries')[0].internal_url}/health/live", timeout=2)
    assert (answer.status_code, live.status_code) == (503, 200)
    assert took < 10

    load.post(5)
    lab.judge(load)
    assert_nobody_ended(lab, before)


@pytest.fixture
def narrow(lab: Lab) -> Iterator[Replica]:
    """The lab's enquiries service with a pool of two connections."""
    (replica,) = lab.apart.of("enquiries")
    replica.kill()
    replica.start(env={"KEYTALK_DATABASE_POOL": "2"})
    yield replica
    replica.kill()


def test_an_exhausted_pool_is_answered_503_in_time_and_recovers(lab, narrow):
    load = lab.load(twice=0)
    took: list[tuple[int, float]] = []

    def ask() -> None:
        begun = time.monotonic()
        took.append((_post(lab).status_code, time.monotonic() - begun))

    with psycopg.connect(lab.books.databases["enquiries"]) as connection:
        connection.execute("LOCK TABLE enquiries IN ACCESS EXCLUSIVE MODE")
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(took) >= 18)
        assert {status for status, _ in took} == {503}
        assert max(seconds for _, seconds in took) < 10
    for thread in threads:
        thread.join()

    load.post(20)
    lab.judge(load)
    assert load.told.keys() <= {"201", "503"}
