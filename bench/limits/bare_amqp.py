"""The limit of event latency: py-amqp alone, from publish to consume, on one durable quorum queue.

Publisher (with confirms) and consumer are two processes on one machine; each message carries the time it was
published at, so both read the same clock. The consumer prints one line of JSON.

    python -m bench.limits.bare_amqp consume AMQP_URI QUEUE COUNT WARMUP
    python -m bench.limits.bare_amqp publish AMQP_URI QUEUE COUNT RATE
"""

import json
import sys
import time
from urllib.parse import unquote, urlsplit

import amqp

from bench.stats import percentile

QUIET_SECONDS = 10
PREFETCH = 100
# As long as a real envelope, so that both carry the same weight.
PADDING = "e" * 600


def connect(uri: str, *, confirm: bool = True) -> amqp.Connection:
    """Connect to a broker; with `confirm`, each publish waits until the broker has the message."""
    where = urlsplit(uri)
    connection = amqp.Connection(
        host=f"{where.hostname}:{where.port or 5672}",
        userid=unquote(where.username or "guest"),
        password=unquote(where.password or "guest"),
        virtual_host=unquote(where.path[1:]) or "/",
        confirm_publish=confirm,
    )
    connection.connect()
    return connection


def declare(channel: amqp.Channel, queue: str) -> None:
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})


def publish(uri: str, queue: str, count: int, rate: float) -> None:
    """Publish `count` durable messages at `rate` a second, waiting for the confirm of each."""
    with connect(uri) as connection:
        channel = connection.channel()
        declare(channel, queue)
        begin = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            body = json.dumps({"at": time.time_ns(), "data": PADDING})
            message = amqp.Message(body, content_type="application/json", delivery_mode=2)
            channel.basic_publish(message, exchange="", routing_key=queue, mandatory=True)


def consume(uri: str, queue: str, count: int, warmup: int) -> dict[str, object]:
    """Take `count` messages and answer the time from publish to here; raises TimeoutError when they stop early.

    The first `warmup` are left out: some of them waited until this process was there.
    """
    took: list[float] = []

    def receive(message: amqp.Message) -> None:
        took.append((time.time_ns() - json.loads(message.body)["at"]) / 1e6)
        message.channel.basic_ack(message.delivery_tag)

    with connect(uri) as connection:
        channel = connection.channel()
        declare(channel, queue)
        channel.basic_qos(0, PREFETCH, a_global=False)
        consumer = channel.basic_consume(queue, callback=receive)
        while len(took) < count:
            connection.drain_events(timeout=QUIET_SECONDS)
        channel.basic_cancel(consumer)
        channel.queue_delete(queue)
    counted = took[warmup:]
    return {"count": len(counted), "p50_ms": percentile(counted, 50), "p99_ms": percentile(counted, 99)}


def main() -> None:
    role, uri, queue, count, last = sys.argv[1:]
    if role == "publish":
        publish(uri, queue, int(count), float(last))
    else:
        print(json.dumps(consume(uri, queue, int(count), int(last))))


if __name__ == "__main__":
    main()
