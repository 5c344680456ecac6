"""How a service's queue is read on a real broker: in order, in batches, and past a message that ends its reader."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import amqp
import pytest
from kombu import Connection

from shared.contracts.base import contract_for
from shared.contracts.enquiries import StageChanged
from shared.messaging.consumer import LONGEST_BATCH, QueueReader
from shared.messaging.envelope import Envelope
from shared.messaging.topology import DELIVERY_LIMIT, dead_queue, declare_subscriber, inbox_queue
from tests.waiting import eventually

CONTRACTS = [contract_for("stage_changed")]


class EndOfTheProcess(BaseException):
    """What a crash looks like from inside: nothing is settled, the connection is gone."""


class Inbox:
    """Notes the batches it takes, and ends the process at the references it is told to."""

    def __init__(self) -> None:
        self.seconds_each = 0.0
        self.batches: list[list[str]] = []
        self.kept: list[str] = []
        self.buried: list[str] = []
        self.deadly: set[str] = set()
        self.slow: threading.Event | None = None

    @property
    def handled(self) -> list[str]:
        return [reference for batch in self.batches for reference in batch]

    def receive(self, envelopes: list[Envelope]) -> None:
        references = [envelope.subject for envelope in envelopes]
        if self.deadly.intersection(references):
            raise EndOfTheProcess
        if self.slow is not None:
            self.slow.wait(10)
        time.sleep(self.seconds_each * len(references))
        self.batches.append(references)

    def keep(self, envelopes: list[Envelope]) -> None:
        self.kept += [envelope.subject for envelope in envelopes]

    def bury(self, envelope: Envelope, why: str) -> None:
        self.buried.append(envelope.subject)

    def bury_unread(self, row: dict[str, str]) -> None:
        self.buried.append(row["envelope"])


@pytest.fixture
def uri(rabbitmq) -> str:
    """A virtual host with the queue of scheduling."""
    uri = rabbitmq.new_vhost()
    with Connection(uri) as connection:
        declare_subscriber(connection.default_channel, "scheduling", CONTRACTS)
    return uri


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def publish(uri: str, *references: str) -> None:
    with Connection(uri, transport_options={"confirm_publish": True}) as connection:
        for reference in references:
            event = StageChanged(reference, "new", "won")
            envelope = Envelope.of(
                event, id=uuid4(), source="enquiries", subject=reference, sequence=1, time=datetime.now(UTC)
            )
            message = amqp.Message(envelope.to_json(), content_type="application/json", delivery_mode=2)
            connection.default_channel.basic_publish(message, "enquiries.events", "stage_changed")


def left(uri: str) -> tuple[int, int]:
    """How many messages lie ready in the queue, and in that of dead letters."""
    with Connection(uri) as connection:
        channel = connection.default_channel
        names = (inbox_queue("scheduling").name, dead_queue("scheduling").name)
        return tuple(channel.queue_declare(name, passive=True).message_count for name in names)


@contextmanager
def reading(uri: str, inbox: Inbox, **options: int) -> Iterator[QueueReader]:
    reader = QueueReader(uri, "scheduling", CONTRACTS, inbox, **options)
    thread = threading.Thread(target=_run, args=[reader], daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        reader.stop()
        thread.join(20)
        assert not thread.is_alive()


def _run(reader: QueueReader) -> None:
    try:
        reader.run()
    except EndOfTheProcess:
        return


def numbered(count: int) -> list[str]:
    return [f"KT-{number:03}" for number in range(count)]


def live_and_die(uri: str, inbox: Inbox) -> None:
    """Read until a message ends the reader."""
    thread = threading.Thread(target=_run, args=[QueueReader(uri, "scheduling", CONTRACTS, inbox)], daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_a_backlog_is_taken_in_order_and_in_batches(uri, inbox):
    publish(uri, *numbered(40))

    with reading(uri, inbox, batch=10, prefetch=20):
        eventually(lambda: len(inbox.handled) == 40)

    assert inbox.handled == numbered(40)
    assert 1 < max(map(len, inbox.batches)) <= 10
    assert left(uri) == (0, 0)


def test_of_events_that_take_long_few_are_taken_at_once_and_none_is_passed_over(uri, inbox):
    inbox.seconds_each = LONGEST_BATCH / 5
    publish(uri, *numbered(30))

    with reading(uri, inbox, batch=10, prefetch=20):
        eventually(lambda: len(inbox.handled) == 30)

    first, *others = map(len, inbox.batches)
    assert first == 10
    assert max(others) <= 5
    assert inbox.handled == numbered(30)


def test_a_batch_that_came_back_twice_is_stored_before_it_is_tried_and_in_its_order(uri, inbox):
    publish(uri, *numbered(30))
    inbox.deadly = {"KT-011"}
    for _ in range(2):
        live_and_die(uri, inbox)

    with reading(uri, inbox):
        eventually(lambda: len(inbox.kept) == 30)
        publish(uri, "KT-030")
        eventually(lambda: inbox.handled)

    assert (inbox.kept, inbox.handled, inbox.buried) == (numbered(30), ["KT-030"], [])
    assert left(uri) == (0, 0)


def test_a_message_that_is_never_settled_becomes_a_dead_letter_in_the_end(uri, inbox):
    publish(uri, "KT-1")
    inbox.deadly = {"KT-1"}
    inbox.keep = inbox.receive
    for _ in range(DELIVERY_LIMIT + 1):
        live_and_die(uri, inbox)

    with reading(uri, inbox):
        eventually(lambda: inbox.buried == ["KT-1"])
    assert left(uri) == (0, 0)


def test_two_replicas_keep_the_order_of_a_subject(uri, inbox):
    other = Inbox()
    with reading(uri, inbox, batch=5), reading(uri, other, batch=5):
        for _ in range(10):
            publish(uri, *(["KT-1"] * 10))
        eventually(lambda: len(inbox.handled) + len(other.handled) == 100)

    # One of the two reads at a time: at the very start each may have had its turn, one message each.
    assert min(len(inbox.handled), len(other.handled)) <= 2


def test_when_the_active_replica_goes_the_other_takes_over(uri, inbox):
    other = Inbox()
    with reading(uri, inbox):
        publish(uri, "KT-1", "KT-2", "KT-3")
        eventually(lambda: len(inbox.handled) == 3)
        with reading(uri, other):
            eventually(lambda: left(uri) == (0, 0))
            inbox.deadly = {"KT-4"}
            publish(uri, "KT-4")

            assert eventually(lambda: other.handled) == ["KT-4"]


@pytest.mark.parametrize(("body", "kept"), [("no JSON", "no JSON"), (b"\x80\x04\x95", "base64:gASV")])
def test_what_is_no_event_becomes_a_dead_letter_and_holds_up_nobody(uri, inbox, body, kept):
    with Connection(uri) as connection:
        connection.default_channel.basic_publish(amqp.Message(body), routing_key=inbox_queue("scheduling").name)
    publish(uri, "KT-1")

    with reading(uri, inbox):
        eventually(lambda: inbox.handled == ["KT-1"])
        # RabbitMQ 3.10 now and then takes three minutes to pass a dead letter on.
        eventually(lambda: inbox.buried, within=200)

    assert inbox.buried == [kept]
    assert left(uri) == (0, 0)


def test_a_reader_that_is_stopped_gives_back_what_it_has_not_begun(uri, inbox):
    inbox.slow = threading.Event()
    publish(uri, *numbered(20))
    with reading(uri, inbox, batch=2, prefetch=10) as reader:
        eventually(lambda: left(uri)[0] < 20)
        reader.stop()
        inbox.slow.set()

    assert eventually(lambda: left(uri)[0] + len(inbox.handled) == 20)
    inbox.slow = None
    with reading(uri, inbox):
        eventually(lambda: len(inbox.handled) == 20)
    assert inbox.handled == numbered(20)
