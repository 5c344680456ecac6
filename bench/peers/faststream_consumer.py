"""A peer of our consumer: a FastStream subscriber, on the durable queue that FastStream declares.

On uvloop, with Pydantic and SQLAlchemy Core on asyncpg. As many handlers run at once as the prefetch allows.

    python -m bench.peers.faststream_consumer declare DATABASE AMQP_URI
    python -m bench.peers.faststream_consumer consume DATABASE AMQP_URI COUNT
"""

import asyncio
import json
import sys
from uuid import UUID

import uvloop
from faststream import AckPolicy
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
from pydantic import BaseModel
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bench.peers import inbox
from bench.tally import Tally

PREFETCH = 20

EXCHANGE = RabbitExchange(f"{inbox.PUBLISHER}.events", type=ExchangeType.TOPIC, durable=True)
QUEUE = RabbitQueue("subscriber.stage_changed", durable=True, routing_key=inbox.EVENT)


class StageChanged(BaseModel):
    """What the event says."""

    reference: str
    was: str
    now: str


class Envelope(BaseModel):
    """The part of the envelope that a subscriber reads."""

    id: UUID
    type: str
    subject: str
    data: StageChanged


async def take(engine: AsyncEngine, envelope: Envelope) -> None:
    """Record the id and do the insert, in one transaction."""
    record = {"event_id": envelope.id, "type": envelope.type, "subject": envelope.subject}
    effect = {"event_id": envelope.id, "reference": envelope.data.reference, "stage": envelope.data.now}
    async with engine.begin() as connection:
        if (await connection.execute(inbox.RECORD, record)).rowcount:
            await connection.execute(inbox.EFFECT, effect)


async def consume(database: str, uri: str, count: int) -> Tally:
    """Take `count` events."""
    tally, done = Tally(count), asyncio.Event()
    url = make_url(database).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=PREFETCH, max_overflow=0)
    async with engine.begin() as connection:
        await connection.run_sync(inbox.metadata.create_all)
    broker = RabbitBroker(uri, default_channel=Channel(prefetch_count=PREFETCH), logger=None)

    @broker.subscriber(QUEUE, EXCHANGE, ack_policy=AckPolicy.NACK_ON_ERROR)
    async def when_stage_changed(envelope: Envelope) -> None:
        await take(engine, envelope)
        tally.add(1)
        if tally.complete:
            done.set()

    async with broker:
        await broker.start()
        if count:
            await done.wait()
    await engine.dispose()
    return tally


def main() -> None:
    role, database, uri, *count = sys.argv[1:]
    if role == "declare":
        uvloop.run(consume(database, uri, 0))
    else:
        print(json.dumps(uvloop.run(consume(database, uri, int(count[0]))).summary()))


if __name__ == "__main__":
    main()
