"""The loop that reads a service's queue: a batch, one transaction, commit, then acknowledge."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from shared.contracts.base import Contract
from shared.errors import Refused
from shared.messaging.broker import open_connection
from shared.messaging.envelope import Envelope, NotAnEnvelope
from shared.messaging.inbox import Inbox
from shared.messaging.topology import declare_subscriber, inbox_queue

_log = logging.getLogger(__name__)

BATCH = 100
PREFETCH = 300
LONGEST_PAUSE = 15.0
"""Seconds between tries while the broker or the database is away."""


class QueueReader:
    """Reads the inbox queue of one service into its `Inbox`.

    Nothing is acknowledged before it is committed. What is no envelope is rejected, and so goes to the dead-letter
    queue. While the database is away the batch stays unacknowledged and is offered again.
    """

    def __init__(self, uri: str, service: str, contracts: Sequence[Contract], inbox: Inbox) -> None:
        self._uri = uri
        self._service = service
        self._contracts = contracts
        self._inbox = inbox
        self._waiting: list[Any] = []
        self._stopping = False

    def run(self) -> None:
        """Read until `stop` is called, connecting again as often as needed."""
        pause = 1.0
        while not self._stopping:
            started = time.monotonic()
            try:
                self._read()
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
        connection = open_connection(self._uri)
        try:
            channel = connection.channel()
            declare_subscriber(channel, self._service, self._contracts)
            channel.basic_qos(0, PREFETCH, False)
            channel.basic_consume(inbox_queue(self._service).name, callback=self._waiting.append)
            while not self._stopping:
                self._fill(connection)
                if self._waiting:
                    self._take(channel)
        finally:
            connection.collect()

    def _fill(self, connection: Any) -> None:
        """Wait for a message, then take what else is already there, up to a batch."""
        try:
            if not self._waiting:
                connection.drain_events(timeout=1.0)
            while len(self._waiting) < BATCH:
                connection.drain_events(timeout=0.001)
        except TimeoutError:
            connection.heartbeat_check()

    def _take(self, channel: Any) -> None:
        batch = self._waiting[:BATCH]
        envelopes = []
        readable = []
        for message in batch:
            try:
                envelopes.append(Envelope.from_json(message.body))
                readable.append(message)
            except NotAnEnvelope as error:
                _log.error(
                    "not an envelope, set aside",
                    extra={"queue": f"{self._service}.dead", "error": str(error)},
                )
                channel.basic_reject(message.delivery_tag, requeue=False)
        self._receive(envelopes)
        if readable:
            channel.basic_ack(readable[-1].delivery_tag, multiple=True)
        del self._waiting[: len(batch)]

    def _receive(self, envelopes: Sequence[Envelope]) -> None:
        """Offer a batch until it is committed. Raises when asked to stop, which gives the batch back."""
        pause = 0.5
        while True:
            try:
                return self._inbox.receive(envelopes)
            except Refused:
                _log.warning("inbox waits for its database", extra={"pause": pause})
                self._sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                if self._stopping:
                    raise
