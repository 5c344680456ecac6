"""Several replicas of a service on one PostgreSQL: they share the work, and neither repeat it nor mix up its order."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from shared.contracts.enquiries import StageChanged
from shared.messaging.carriers import Delivery
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Inbox
from shared.messaging.jobs import Kind, Scheduler
from shared.messaging.relay import Relay
from shared.messaging.tables import messaging_tables
from shared.persistence.database import Database
from shared.persistence.types import new_metadata
from shared.persistence.work import Store

REPLICAS = 3
metadata = new_metadata()
messaging = messaging_tables(metadata)


@pytest.fixture
def stores(postgres) -> Iterator[list[Store]]:
    """One service's store in each of its replicas."""
    url = make_url(postgres.new_database("replicas")).set(drivername="postgresql+psycopg")
    databases = [Database(url, pool_size=4) for _ in range(REPLICAS)]
    metadata.create_all(databases[0].engine)
    yield [Store(database, messaging, lambda: datetime.now(UTC), "scheduling") for database in databases]
    for database in databases:
        database.close()


class Wire:
    """A carrier that notes what it carries, and takes its time."""

    most = 5
    ends_with_its_subscribers = False

    def __init__(self, carried: list[tuple[str, int]], gate: threading.Event | None = None) -> None:
        self.carried = carried
        self.gate = gate
        self.busy = threading.Event()

    def carry(self, rows):
        self.busy.set()
        if self.gate is not None:
            self.gate.wait(20)
        time.sleep(0.002)
        for row in rows:
            envelope = json.loads(row.envelope)
            self.carried.append((envelope["subject"], int(envelope["sequence"])))
        return Delivery({row.seq for row in rows})

    def close(self) -> None:
        """Nothing is held."""


def tell(store: Store, *news: tuple[str, int]) -> None:
    with store.work() as work:
        for subject, sequence in news:
            work.record(StageChanged(subject, "new", "won"), subject=subject, sequence=sequence)


def until_empty(relay: Relay) -> None:
    idle = 0
    while idle < 3:
        idle = 0 if relay.relay_once() else idle + 1
        time.sleep(0.001)


def at_once(*acts: Callable[[], None]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_relays_share_an_outbox_keep_the_order_of_each_subject_and_repeat_nothing(stores):
    subjects = [f"KT-{number}" for number in range(20)]
    for sequence in range(1, 11):
        tell(stores[0], *((subject, sequence) for subject in subjects))
    carried: list[tuple[str, int]] = []
    wires = [Wire(carried) for _ in stores]

    at_once(*(partial(until_empty, Relay(store, wire)) for store, wire in zip(stores, wires, strict=True)))

    assert Counter(carried).most_common(1)[0][1] == 1
    for subject in subjects:
        assert [sequence for each, sequence in carried if each == subject] == list(range(1, 11))


def test_a_relay_that_is_held_up_holds_up_no_twin_but_for_its_own_subjects(stores):
    gate, carried = threading.Event(), []
    slow = Wire(carried, gate)
    tell(stores[0], *((f"KT-{number}", 1) for number in range(5)))
    thread = threading.Thread(target=Relay(stores[0], slow).relay_once)
    thread.start()
    assert slow.busy.wait(20)
    tell(stores[1], ("KT-0", 2), ("KT-other", 1))

    until_empty(Relay(stores[1], Wire(carried)))

    assert carried == [("KT-other", 1)]
    gate.set()
    thread.join(20)
    until_empty(Relay(stores[1], Wire(carried)))
    assert carried[-1] == ("KT-0", 2)
    assert len(carried) == 7


def test_a_relay_that_dies_leaves_its_rows_to_its_twins(stores):
    class Dies(Wire):
        def carry(self, rows):
            raise SystemError("power cut")

    tell(stores[0], ("KT-1", 1))
    with pytest.raises(SystemError):
        Relay(stores[0], Dies([])).relay_once()
    carried: list[tuple[str, int]] = []

    until_empty(Relay(stores[1], Wire(carried)))

    assert carried == [("KT-1", 1)]


def test_each_job_is_done_by_one_replica(stores):
    done: list[str] = []

    def note(subjects: list[str], _stopping: Callable[[], bool]) -> None:
        time.sleep(0.01)
        done.extend(subjects)

    subjects = [f"KT-{number:03}" for number in range(300)]
    with stores[0].work() as work:
        for subject in subjects:
            work.schedule("remind", subject, work.now)

    at_once(*(Scheduler(store, [Kind("remind", note)]).run_due for store in stores))

    assert sorted(done) == subjects
    with stores[0].database.reading() as connection:
        assert connection.execute(select(messaging.jobs)).all() == []


def test_a_batch_that_two_replicas_have_in_hand_takes_effect_once(stores):
    """As after a pause that the broker took for the end of a replica: both go on, and one of them has lost."""
    effects: list[str] = []

    def note(work, event) -> None:
        time.sleep(0.002)
        work.schedule("effect", event.reference, work.now)
        effects.append(event.reference)

    batch = [
        Envelope.of(
            StageChanged(f"KT-{number}", "new", "won"),
            id=uuid4(), source="enquiries", subject=f"KT-{number}", sequence=1, time=datetime.now(UTC),
        )
        for number in range(20)
    ]  # fmt: skip

    at_once(*(lambda store=store: Inbox(store, {"stage_changed": note}).receive(batch) for store in stores))

    with stores[0].database.reading() as connection:
        jobs = connection.execute(select(messaging.jobs.c.subject).where(messaging.jobs.c.kind == "effect")).all()
        states = list(connection.scalars(select(messaging.inbox.c.state)))
    assert len(jobs) == 20
    assert states == ["handled"] * 20
    assert len(effects) >= 20
