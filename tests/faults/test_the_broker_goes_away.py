"""The broker restarts, cuts, goes, freezes or blocks: enquiries are taken meanwhile, and all mends by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.faults.lab import Lab, assert_nobody_ended, pids
from tests.servers.rabbitmq import RabbitMQ
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def test_a_restart_of_the_broker_under_load_is_lived_through(lab):
    before, load = pids(lab), lab.load()

    with load.flowing(rate=10):
        lab.broker.restart()

    lab.judge(load)
    assert_nobody_ended(lab, before)


def test_the_broker_away_for_a_while_costs_no_enquiry_and_no_answer(lab):
    before, load = pids(lab), lab.load()
    lab.proxy.down()

    load.post(20)
    assert load.told.keys() == {"201"}
    ready = requests.get(f"{lab.apart.public_urls[0]}/health/ready", timeout=20).json()
    assert ready["status"] == "degraded"
    lab.proxy.heal()

    lab.judge(load)
    assert_nobody_ended(lab, before)


def test_connections_cut_again_and_again_repeat_nothing(lab):
    before, load = pids(lab), lab.load()

    with load.flowing(rate=10):
        for _ in range(4):
            time.sleep(1.5)
            lab.proxy.cut()

    lab.judge(load)
    assert_nobody_ended(lab, before)


def test_connections_closed_by_the_broker_repeat_nothing(lab):
    before, load = pids(lab), lab.load()
    vhost = lab.uri.rpartition("/")[2]

    with load.flowing(rate=10):
        for _ in range(2):
            lab.broker.ctl("close_all_connections", "-p", vhost, "maintenance")
            time.sleep(0.5)

    lab.judge(load)
    assert_nobody_ended(lab, before)


def test_a_frozen_way_to_the_broker_holds_up_no_answer_and_is_got_over(lab):
    before, load = pids(lab), lab.load()
    load.post(5)
    lab.proxy.freeze()

    # Longer than the deadlines of the connections, so that everything that can hang has had to give up.
    with load.flowing(rate=2):
        time.sleep(16)
    assert load.told.keys() == {"201"}
    lab.proxy.heal()

    lab.judge(load, within=60)
    assert_nobody_ended(lab, before)


@pytest.fixture
def private_lab(postgres, _mail_server, mail_server) -> Iterator[Lab]:
    """A lab on a broker of its own, which may be made sick without harm to other tests."""
    with RabbitMQ() as broker, Lab(broker, postgres, _mail_server) as lab:
        yield lab


def test_a_blocked_connection_holds_up_no_answer_and_is_got_over(private_lab):
    lab = private_lab
    before, load = pids(lab), lab.load()
    load.post(5)
    lab.broker.ctl("set_vm_memory_high_watermark", "0.0001")

    with load.flowing(rate=2):
        time.sleep(13)
    assert load.told.keys() == {"201"}
    unpublished = lab.books.rows("enquiries", "SELECT seq FROM outbox WHERE published_at IS NULL")
    assert unpublished
    lab.broker.ctl("set_vm_memory_high_watermark", "absolute", "1GB")

    lab.judge(load, within=60)
    assert_nobody_ended(lab, before)


def test_services_started_before_their_broker_take_enquiries_and_stop_in_time_without_it(lab):
    load = lab.load()
    for replica in lab.apart.all:
        lab.kill(replica)
    lab.proxy.down()
    for replica in lab.apart.all:
        replica.launch()
    eventually(lambda: _answers(lab), within=60)

    load.post(10)
    begun = time.monotonic()
    assert [replica.stop() for replica in lab.apart.all] == [0, 0, 0]
    assert time.monotonic() - begun < 3 * 15
    for replica in lab.apart.all:
        replica.launch()
    eventually(lambda: _answers(lab), within=60)
    lab.proxy.heal()

    lab.judge(load, within=60)


def _answers(lab: Lab) -> bool:
    """Whether every process has come far enough to answer: one that only begins cannot hear that it is to stop."""
    try:
        return all(requests.get(f"{each.internal_url}/health/live", timeout=5).ok for each in lab.apart.all)
    except requests.RequestException:
        return False
