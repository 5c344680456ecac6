"""The loop that reads a service's queues: a batch, one transaction, commit, then acknowledge."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from shared.contracts.base import Contract
from shared.errors import Refused
from shared.messaging.broker import BrokerRefused, open_connection
from shared.messaging.carriers import Receive
from shared.messaging.envelope import Envelope, NotAnEnvelope
from shared.messaging.giving_way import wait_while_busy
from shared.messaging.inbox import Inbox
from shared.messaging.topology import TopologyRefused, dead_queue, declare_subscriber, inbox_queue
from shared.messaging.undelivered import bury, require_origin
from shared.observability import context

_log = logging.getLogger(__name__)

BATCH = 200
PREFETCH = 500
SUSPECT_AFTER = 2
"""Deliveries without an answer after which a batch is stored before it is tried."""
LONGEST_BATCH = 0.25
"""Seconds that a batch should take: of events that take long, fewer are taken at once."""
GIVES_WAY, LONGEST_REST = 3.0, 1.0
"""How long a reader waits for what else its process has to do, such as posts being answered: against the time that the
batch took, and in seconds."""
DEAD_AT_ONCE = 20
LONGEST_PAUSE = 5.0
"""Seconds between tries while the broker or the database is away."""
REFUSED_PAUSE = 15.0
"""Seconds between tries while the broker will not have us: an operator has to mend that."""


class QueueReader:
    """Reads the inbox queue of one service into its `Inbox`, and its dead-letter queue into the same table.

    Nothing is acknowledged before it is committed. What is no envelope is rejected, and so goes to the dead-letter
    queue. While the database is away the batch stays unacknowledged and is offered again.

    What came back twice may have ended its readers, though only one message of them all did. Such a batch is stored
    before it is tried: the inbox then tries each alone and counts the try first, so that only the one at fault becomes
    a dead letter, and the order is kept. (The broker's delivery limit would give up the whole batch together.)
    """

    def __init__(
        self,
        uri: str,
        service: str,
        contracts: Sequence[Contract],
        inbox: Inbox,
        batch: int = BATCH,
        prefetch: int = PREFETCH,
    ) -> None:
        self._uri = uri
        self._service = service
        self._contracts = contracts
        self._inbox = inbox
        self._batch = self._at_once = batch
        self._prefetch = max(prefetch, batch)
        self._waiting: list[Any] = []
        self._dead: list[Any] = []
        self._stopping = False

    def run(self) -> None:
        """Read until `stop` is called, connecting again as often as needed."""
        context.service.set(self._service)
        pause = 1.0
        while not self._stopping:
            started = time.monotonic()
            try:
                self._read()
            except (TopologyRefused, BrokerRefused) as refusal:
                _log.error("reader refused", extra={"error": str(refusal), "pause": REFUSED_PAUSE})
                self._sleep(REFUSED_PAUSE)
            except Exception as error:
                pause = 1.0 if time.monotonic() - started > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
                _log.warning("reader will connect again", extra={"error": repr(error), "pause": pause})
                self._sleep(pause)

    def stop(self) -> None:
        """Ask the loop to end after the batch in hand."""
        self._stopping = True

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.2)

    def _read(self) -> None:
        self._waiting.clear()
        self._dead.clear()
        connection = open_connection(self._uri)
        try:
            dead, channel = connection.channel(), connection.channel()
            declare_subscriber(channel, self._service, self._contracts)
            self._consume(dead, dead_queue(self._service).name, self._dead, DEAD_AT_ONCE)
            self._consume(channel, inbox_queue(self._service).name, self._waiting, self._prefetch)
            while not self._stopping:
                self._fill(connection)
                if self._dead:
                    self._bury(dead)
                if self._waiting:
                    self._take(channel)
        finally:
            connection.collect()

    def _consume(self, channel: Any, queue: str, into: list[Any], prefetch: int) -> None:
        channel.basic_qos(0, prefetch, False)
        channel.basic_consume(queue, callback=into.append)

    def _fill(self, connection: Any) -> None:
        """Wait for a message, then take what else is already there, up to a batch."""
        try:
            if not self._waiting:
                connection.drain_events(timeout=1.0)
            while len(self._waiting) < self._at_once:
                connection.drain_events(timeout=0.001)
        except TimeoutError:
            connection.heartbeat_check()

    def _take(self, channel: Any) -> None:
        batch = self._waiting[: self._at_once]
        begun = time.monotonic()
        read = [(message, envelope) for message in batch if (envelope := self._envelope_of(message)) is not None]
        if read:
            came_back = any(_deliveries_before(message) >= SUSPECT_AFTER for message, _envelope in read)
            take = self._inbox.keep if came_back else self._inbox.receive
            self._until_committed(take, [envelope for _message, envelope in read])
            # Not simply the batch's last: RabbitMQ knows the tag of a rejected message no more.
            channel.basic_ack(read[-1][0].delivery_tag, multiple=True)
        del self._waiting[: len(batch)]
        self._give_way(len(batch), time.monotonic() - begun)

    def _give_way(self, count: int, took: float) -> None:
        """Choose how many to take next, then wait as long as others keep the process busy, up to a limit."""
        self._at_once = max(1, min(self._batch, int(LONGEST_BATCH * count / max(took, 1e-6))))
        wait_while_busy(min(GIVES_WAY * took, LONGEST_REST), lambda: self._stopping)

    def _envelope_of(self, message: Any) -> Envelope | None:
        try:
            envelope = Envelope.from_json(message.body)
            require_origin(envelope, message.delivery_info["exchange"], message.delivery_info["routing_key"])
            return envelope
        except NotAnEnvelope as error:
            facts = {"queue": dead_queue(self._service).name, "error": str(error)}
            _log.error("not an envelope, set aside", extra=facts)
            message.channel.basic_reject(message.delivery_tag, requeue=False)
            return None

    def _bury(self, channel: Any) -> None:
        for message in self._dead:
            bury(self._inbox, message, self._service)
            channel.basic_ack(message.delivery_tag)
        self._dead.clear()

    def _until_committed(self, take: Receive, envelopes: Sequence[Envelope]) -> None:
        """Offer a batch until it is committed. Raises when asked to stop, which gives the batch back."""
        pause = 0.5
        while True:
            try:
                return take(envelopes)
            except Refused:
                _log.warning("inbox waits for its database", extra={"pause": pause})
                self._sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                if self._stopping:
                    raise


def _deliveries_before(message: Any) -> int:
    """How often the broker has given this message out to a reader that did not settle it."""
    count = (message.headers or {}).get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
