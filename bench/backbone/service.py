"""A service in miniature: tables, outbox, relay, queue and inbox, with one insert as the effect of an event.

All that the backbone's figures know of `shared` stands in this module.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, String, Table, Uuid, func, select
from sqlalchemy.engine import make_url

from shared.clock import machine_clock
from shared.contracts.base import contract_of
from shared.contracts.enquiries import StageChanged
from shared.messaging.carriers import AmqpCarrier
from shared.messaging.consumer import QueueReader
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from shared.messaging.tables import is_unpublished, messaging_tables, outbox_rows
from shared.messaging.topology import events_exchange, inbox_queue
from shared.persistence.database import Database
from shared.persistence.types import new_metadata
from shared.persistence.work import Store, UnitOfWork, new_id

CONTRACT = contract_of(StageChanged)
PUBLISHER = CONTRACT.source
SUBSCRIBER = CONTRACT.subscribers[0]
EXCHANGE = events_exchange(PUBLISHER).name
ROUTING_KEY = CONTRACT.type
QUEUE = inbox_queue(SUBSCRIBER).name

STAGES = ("talking", "proposal", "agreement", "won")
"""Each enquiry moves through these, so that each subject has as many events."""
ROWS_AT_ONCE = 1_000

metadata = new_metadata()
messaging = messaging_tables(metadata)
effects = Table(
    "effects",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("event_id", Uuid, nullable=False),
    Column("reference", String(20), nullable=False),
    Column("stage", String(20), nullable=False),
)

# `inline`, as in the peers: without it SQLAlchemy asks for the new key of each row.
EFFECT = effects.insert().inline()


def stage_change(number: int, count: int) -> tuple[StageChanged, int]:
    """The event with this number of `count`, and its sequence within its subject (the enquiry's reference).

    The events of one enquiry lie far apart, as they do when enquiries overlap.
    """
    step, enquiry = divmod(number, -(-count // len(STAGES)))
    was = STAGES[step - 1] if step else "new"
    return StageChanged(reference=f"KT-{enquiry:07d}", was=was, now=STAGES[step]), step + 1


def envelopes(count: int) -> Iterator[Envelope]:
    """The envelopes of `count` events, each with an id of its own."""
    for number in range(count):
        event, sequence = stage_change(number, count)
        yield Envelope.of(
            event,
            id=new_id(),
            source=PUBLISHER,
            subject=event.reference,
            sequence=sequence,
            time=datetime.now(UTC),
        )


def bodies(count: int) -> list[bytes]:
    """The same envelopes as the bytes of messages."""
    return [envelope.to_json().encode() for envelope in envelopes(count)]


@contextmanager
def open_store(url: str, service: str) -> Iterator[Store]:
    """A service's store on a `postgresql://` database, with its tables."""
    database = Database(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        metadata.create_all(database.engine)
        yield Store(database, messaging, machine_clock, service)
    finally:
        database.close()


def fill_outbox(store: Store, count: int) -> None:
    """Write `count` events into the outbox, as if their use cases had committed while the broker was away."""
    rows = outbox_rows(envelopes(count))
    for first in range(0, count, ROWS_AT_ONCE):
        with store.database.writing() as connection:
            connection.execute(messaging.outbox.insert(), rows[first : first + ROWS_AT_ONCE])


def count_unpublished(store: Store) -> int:
    """How many events of the outbox were not published yet."""
    query = select(func.count()).select_from(messaging.outbox).where(is_unpublished(messaging.outbox))
    with store.database.reading() as connection:
        return int(connection.scalar(query) or 0)


def relay_of(store: Store, uri: str) -> Relay:
    """The relay of a service."""
    return Relay(store, AmqpCarrier(uri, store.service))


def publish_one(store: Store, number: int, count: int) -> str:
    """Commit a piece of work that records one event; give the event's id."""
    event, sequence = stage_change(number, count)
    with store.work() as work:
        work.record(event, subject=event.reference, sequence=sequence)
    return str(work.news[0].id)


Notice = Callable[[Sequence[Envelope]], None]


class NotedInbox(Inbox):
    """An inbox that tells of each batch right after its commit."""

    notice: Notice

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Take a batch, then tell of it."""
        super().receive(envelopes)
        self.notice(envelopes)


def reader_of(store: Store, uri: str, notice: Notice) -> QueueReader:
    """What reads the service's queue into its inbox; `notice` hears of each batch after its commit."""
    inbox = NotedInbox(store, {CONTRACT.type: when_stage_changed})
    inbox.notice = notice
    return QueueReader(uri, store.service, [CONTRACT], inbox)


def when_stage_changed(work: UnitOfWork, event: StageChanged) -> None:
    """The handler: one insert."""
    assert work.cause
    values = {"event_id": work.cause.id, "reference": event.reference, "stage": event.now}
    work.connection.execute(EFFECT, values)
