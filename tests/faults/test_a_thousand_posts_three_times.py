"""A thousand enquiries, each sent three times through crashes and restarts of the broker, are a thousand enquiries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.lab import Lab
from tests.servers.rabbitmq import RabbitMQ
from tests.waiting import eventually

pytestmark = pytest.mark.slow

MANY = 1_000
FEWER = 400
"""How many every run sends; `--thorough` sends them all."""


@pytest.fixture
def lab_without_mail(postgres, _mail_server) -> Iterator[Lab]:
    """A lab of its own that tells nobody: two thousand mails would take longer than all the rest."""
    with RabbitMQ() as broker, Lab(broker, postgres, _mail_server) as lab:
        lab.apart.of("notifications")[0].stop()
        yield lab


def test_a_thousand_posts_sent_three_times_through_crashes_and_broker_restarts_are_a_thousand_enquiries(
    lab_without_mail, pytestconfig
):
    lab, many = lab_without_mail, MANY if pytestconfig.getoption("--thorough") else FEWER
    load = lab.load(twice=0, times=3)
    [enquiries] = lab.apart.of("enquiries")

    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(load.post, many, rate=60, hands=24, patience=120)
        for _ in range(3):
            time.sleep(2)
            enquiries.kill()
            enquiries.start()
            lab.broker.restart()
        posting.result()

    assert [len(posted.references) for posted in load.log] == [3] * many
    assert [posted.key for posted in load.log if len(set(posted.references)) != 1] == []
    told = {posted.references[0] for posted in load.log}
    assert len(told) == many
    stored = lab.books.rows("enquiries", "SELECT reference FROM enquiries")
    assert sorted(row["reference"] for row in stored) == sorted(told)
    recorded = lab.books.rows("enquiries", "SELECT subject FROM outbox WHERE type = 'enquiry_received'")
    assert sorted(row["subject"] for row in recorded) == sorted(told)
    eventually(lambda: _filed(lab) == told, within=120)
    assert lab.books.dead("enquiries") == []


def _filed(lab: Lab) -> set[str]:
    rows = lab.books.rows("enquiries", "SELECT reference FROM enquiries WHERE filed_at IS NOT NULL")
    return {row["reference"] for row in rows}
