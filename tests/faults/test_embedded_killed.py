"""The one process on a desk: killed at any moment under load, or locked out of its files, it keeps its promises."""

from __future__ import annotations

import mailbox
import random
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
import requests

from tests.examples import risley_enquiry
from tests.faults.checking import SERVICES, Books, Checker
from tests.faults.load import Load
from tests.servers.keytalk import Keytalk

pytestmark = pytest.mark.slow


@pytest.fixture
def desk() -> Iterator[Keytalk]:
    with Keytalk() as keytalk:
        yield keytalk


def books_of(keytalk: Keytalk) -> Books:
    def mails() -> Sequence[EmailMessage]:
        folder = mailbox.Maildir(keytalk.home / "mail", create=False)
        return [message_from_bytes(folder.get_bytes(key), policy=policy.default) for key in folder.keys()]  # noqa: SIM118

    databases = {service: f"sqlite:///{keytalk.home / service}.sqlite3" for service in SERVICES}
    return Books(databases, mails)


@pytest.mark.parametrize("seed", [3, 7])
def test_a_process_killed_again_and_again_under_load_loses_nothing_and_repeats_nothing(desk: Keytalk, seed):
    moments = random.Random(seed)  # noqa: S311
    load = Load(lambda: [desk.public_url], "desk", seed=seed)

    with load.flowing(rate=15, count=60):
        for _ in range(5):
            time.sleep(moments.uniform(0.05, 1.5))
            desk.kill()
            desk.start()

    verdict = Checker(books_of(desk), load).judge(within=30)
    assert len(load.taken) == len(load.log)
    # A folder can always be asked what it holds, so nothing stays in doubt.
    assert verdict.counts["messages unknown"] == 0


def test_a_file_locked_by_another_process_is_answered_503_in_time_and_the_process_answers_others(desk: Keytalk):
    load = Load(lambda: [desk.public_url], "desk", twice=0)
    load.post(3)
    answers: list[tuple[int, float]] = []
    other = sqlite3.connect(desk.home / "enquiries.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    threads = [threading.Thread(target=_post, args=(desk, answers)) for _ in range(3)]
    for thread in threads:
        thread.start()
    alive = _looks_at_health(desk, seconds=6)
    for thread in threads:
        thread.join()
    other.execute("ROLLBACK")
    other.close()

    assert [status for status, _ in answers] == [503, 503, 503]
    assert max(seconds for _, seconds in answers) < 12
    assert max(alive) < 3
    load.post(5)
    Checker(books_of(desk), load).judge(within=20)


def _post(desk: Keytalk, answers: list[tuple[int, float]]) -> None:
    begun = time.monotonic()
    status = requests.post(f"{desk.public_url}/api/enquiries", json=risley_enquiry(), timeout=30).status_code
    answers.append((status, time.monotonic() - begun))


def _looks_at_health(desk: Keytalk, seconds: float) -> list[float]:
    """Ask for a sign of life for some seconds; give how long each answer took."""
    until, took = time.monotonic() + seconds, []
    while time.monotonic() < until:
        begun = time.monotonic()
        assert requests.get(f"{desk.public_url}/health/live", timeout=20).status_code == 200
        took.append(time.monotonic() - begun)
        time.sleep(0.1)
    return took
