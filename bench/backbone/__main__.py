"""The processes of the backbone's figures, green as a service is. Each prints one line of JSON.

python -m bench.backbone relay DATABASE AMQP_URI COUNT       drain a filled outbox
python -m bench.backbone consume DATABASE AMQP_URI COUNT     drain a filled queue
python -m bench.backbone handle DATABASE AMQP_URI COUNT      the same, and say when each event was handled
python -m bench.backbone publish DATABASE AMQP_URI COUNT RATE    commit events at a rate, and say when each was
"""

from shared.runtime.green import assert_green  # isort: skip - everything after it must be green

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import eventlet

from bench.backbone import service
from bench.tally import Tally, slices
from bench.usage import memory_mb
from shared.messaging.envelope import Envelope

SLICES = 10
RELAYED_WITHIN = 30.0
WORKERS = 20


def relay(database: str, uri: str, count: int) -> dict[str, Any]:
    """Drain an outbox that holds `count` events; give the rate."""
    tally = Tally(count)
    with service.open_store(database, service.PUBLISHER) as store:
        ours = service.relay_of(store, uri)
        while not tally.complete:
            moved = ours.relay_once()
            if not moved:
                raise RuntimeError(f"the relay moved nothing, with {service.count_unpublished(store)} events left")
            tally.add(moved)
    return tally.summary()


def consume(database: str, uri: str, count: int) -> dict[str, Any]:
    """Drain a queue that holds `count` events; give the rate, the slices, and the memory on the way in MB.

    The memory is looked at after the first hundredth, in the middle and at the end.
    """
    tally = Tally(count)
    marks, memory = [count // 100, count // 2, count], []
    with service.open_store(database, service.SUBSCRIBER) as store:

        def notice(envelopes: Sequence[Envelope]) -> None:
            tally.add(len(envelopes))
            while marks and tally.count >= marks[0]:
                del marks[0]
                memory.append(memory_mb(os.getpid()))
            if tally.complete:
                reader.stop()

        reader = service.reader_of(store, uri, notice)
        reader.run()
    return tally.summary() | {"slices": slices(tally.notes, SLICES), "memory_mb": memory}


def handle(database: str, uri: str, count: int) -> dict[str, Any]:
    """Handle `count` events as they come; give when each one's commit returned, in ns of the wall clock, by id."""
    handled: dict[str, int] = {}
    with service.open_store(database, service.SUBSCRIBER) as store:

        def notice(envelopes: Sequence[Envelope]) -> None:
            now = time.time_ns()
            handled.update((str(envelope.id), now) for envelope in envelopes)
            if len(handled) >= count:
                reader.stop()

        reader = service.reader_of(store, uri, notice)
        reader.run()
    return {"times": handled}


def publish(database: str, uri: str, count: int, rate: float) -> dict[str, Any]:
    """Commit `count` events at `rate` a second, with the relay beside; give when each commit returned, by id.

    The pace is kept whatever a commit takes: each has a green thread of its own, as workers of a service do.
    """
    committed: dict[str, int] = {}
    with service.open_store(database, service.PUBLISHER) as store:
        ours = service.relay_of(store, uri)
        relaying = eventlet.spawn(ours.run)
        workers = eventlet.GreenPool(WORKERS)

        def commit(number: int) -> None:
            event_id = service.publish_one(store, number, count)
            committed[event_id] = time.time_ns()

        begin = time.monotonic()
        for number in range(count):
            eventlet.sleep(max(0.0, begin + number / rate - time.monotonic()))
            workers.spawn_n(commit, number)
        workers.waitall()
        with eventlet.Timeout(RELAYED_WITHIN):
            while service.count_unpublished(store):
                eventlet.sleep(0.1)
        ours.stop()
        relaying.wait()
    return {"times": committed}


ROLES = {"relay": relay, "consume": consume, "handle": handle}


def main() -> None:
    role, database, uri, count, *rate = sys.argv[1:]
    assert_green()
    if role == "publish":
        seen = publish(database, uri, int(count), float(rate[0]))
    else:
        seen = ROLES[role](database, uri, int(count))
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
