"""py-amqp alone, publishing envelopes durably on the publisher's exchange, with no database.

`each` waits for the confirm of every message before the next: what most programs do, and the peer of our relay. It
need not read or mark any row, which is in its favour. `pipelined` sends on while confirms come in: the limit.

    python -m bench.limits.bare_publish each|pipelined AMQP_URI COUNT
"""

import json
import sys
from collections.abc import Sequence

import amqp

from bench.backbone import service
from bench.limits.bare_amqp import connect
from bench.tally import Tally

WINDOW = 1_000
"""Messages that may be on their way without a confirm."""
CONFIRM_SECONDS = 10


class NotTaken(RuntimeError):
    """The broker refused a message."""


def each(uri: str, bodies: Sequence[bytes], tally: Tally) -> None:
    """Publish and wait for the confirm, one by one."""
    with connect(uri) as connection:
        channel = connection.channel()
        for body in bodies:
            channel.basic_publish(message(body), service.EXCHANGE, service.ROUTING_KEY, mandatory=True)
            tally.add(1)


def pipelined(uri: str, bodies: Sequence[bytes], tally: Tally) -> None:
    """Publish with up to `WINDOW` confirms outstanding; raises NotTaken."""
    with connect(uri, confirm=False) as connection:
        channel = connection.channel()
        channel.confirm_select()
        confirmed = Confirmed(channel, tally)
        for number, body in enumerate(bodies):
            while number - confirmed.up_to >= WINDOW:
                connection.drain_events(timeout=CONFIRM_SECONDS)
            channel.basic_publish(message(body), service.EXCHANGE, service.ROUTING_KEY, mandatory=True)
        while confirmed.up_to < len(bodies):
            connection.drain_events(timeout=CONFIRM_SECONDS)


def fill(uri: str, count: int) -> None:
    """Publish `count` envelopes as fast as it goes, for those who will drain the queue that they land in."""
    pipelined(uri, service.bodies(count), Tally(count))


class Confirmed:
    """Follows the confirms of a channel; `up_to` is how many came in."""

    def __init__(self, channel: amqp.Channel, tally: Tally) -> None:
        self.up_to = 0
        self._tally = tally
        self._below = 0
        self._beyond: set[int] = set()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        """Count one confirm or, with `multiple`, all up to its tag that had none yet."""
        tags = {tag}
        if multiple:
            tags = set(range(self._below + 1, tag + 1)) - self._beyond
            self._below = tag
        self._beyond |= tags
        self.up_to += len(tags)
        self._tally.add(len(tags))

    def _on_nack(self, tag: int, _multiple: bool) -> None:
        raise NotTaken(f"the broker refused message {tag}")


def message(body: bytes) -> amqp.Message:
    return amqp.Message(body, content_type="application/json", content_encoding="utf-8", delivery_mode=2)


def main() -> None:
    how, uri, count = sys.argv[1:]
    bodies = service.bodies(int(count))
    tally = Tally(len(bodies))
    {"each": each, "pipelined": pipelined}[how](uri, bodies, tally)
    print(json.dumps(tally.summary()))


if __name__ == "__main__":
    main()
