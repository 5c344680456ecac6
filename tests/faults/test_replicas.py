"""Several replicas of each service share the work; one is paused, killed or restarted, and nothing happens twice."""

from __future__ import annotations

import json
import time

import amqp
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from services.scheduling.tables import messaging
from shared.messaging.envelope import Envelope
from shared.messaging.tables import outbox_rows
from tests.faults.lab import Lab
from tests.faults.wire import envelope, sample

pytestmark = pytest.mark.slow


def test_two_replicas_of_each_service_do_everything_once_and_in_order(crowd):
    load = crowd.load()

    load.post(60)

    crowd.judge(load)


def test_two_relays_at_work_on_one_outbox_keep_the_order_of_each_subject(crowd):
    names = [f"X{number:02}" for number in range(20)]
    with crowd.connect() as connection:
        channel = connection.channel()
        tap = channel.queue_declare("", exclusive=True).queue
        channel.queue_bind(tap, "scheduling.events", "establishment_changed")
        heard: list[tuple[str, int]] = []

        def hear(message: amqp.Message) -> None:
            read = json.loads(message.body)
            heard.append((read["subject"], int(read["sequence"])))

        channel.basic_consume(tap, callback=hear, no_ack=True)
        for sequence in range(1, 11):
            _save_news(crowd, [(name, sequence) for name in names])
            _drain(connection, 0.3)
        while len(set(heard)) < 200:
            connection.drain_events(timeout=20)

    for name in names:
        # A repeat is allowed; a step back is not.
        assert list(dict.fromkeys(n for subject, n in heard if subject == name)) == list(range(1, 11))


def _save_news(lab: Lab, of: list[tuple[str, int]]) -> None:
    """Save events in scheduling's outbox as its handlers do."""
    engine = create_engine(make_url(lab.books.databases["scheduling"]).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        news = [
            Envelope.from_dict(
                envelope("establishment_changed", id_, sample("establishment_changed", id=id_), sequence=str(sequence))
            )
            for id_, sequence in of
        ]
        connection.execute(messaging.outbox.insert(), outbox_rows(news))
    engine.dispose()


def _drain(connection: amqp.Connection, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            connection.drain_events(timeout=left)
        except TimeoutError:
            return


def test_a_third_replica_that_comes_and_goes_under_load_changes_nothing(crowd):
    load = crowd.load()

    with load.flowing(rate=15):
        extra = crowd.apart.add("notifications")
        extra.start()
        time.sleep(1)
        crowd.apart.remove(extra)

    verdict = crowd.judge(load)
    assert verdict.counts["messages unknown"] == 0


@pytest.mark.parametrize("service", ["enquiries", "notifications"])
def test_a_replica_paused_past_every_deadline_does_nothing_twice_when_it_wakes(crowd, service):
    load = crowd.load(twice=0)
    sleeper = crowd.apart.of(service)[1]

    with load.flowing(rate=10, count=60):
        time.sleep(0.5)
        sleeper.pause()
        time.sleep(12)
        sleeper.resume()

    crowd.judge(load, within=60)
    assert sleeper.running


def test_twelve_kills_of_the_consumer_dead_letter_nothing(crowd):
    load = crowd.load()
    victims = crowd.apart.of("scheduling")

    with load.flowing(rate=10):
        for turn in range(12):
            victim = victims[turn % 2]
            victim.kill()
            victim.launch()
            time.sleep(0.4)
        crowd.heal()

    crowd.judge(load, within=60)
