"""What carries an outbox row to its subscribers: RabbitMQ, or a hand-over inside the process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import amqp

from shared.contracts.base import NotInTheLanguage, contract_for
from shared.messaging.broker import open_connection
from shared.messaging.envelope import Envelope
from shared.messaging.topology import declare_publisher, events_exchange
from shared.persistence.types import AnyRow

_log = logging.getLogger(__name__)

Receive = Callable[[Sequence[Envelope]], None]
"""Takes a batch of envelopes into a service's inbox, and returns once that is committed."""

Subscribers = MutableMapping[str, Receive]
"""The inboxes of the services that run in this process, by service."""

GIVE_WAY = 10
"""Messages published before other green threads, such as posts being answered, have their turn."""

CONFIRM_DEADLINE = 10.0
"""Seconds that the broker has to confirm a batch."""


class Carrier(Protocol):
    """Carries envelopes; small enough to replace in a test."""

    def carry(self, rows: Sequence[AnyRow]) -> set[int]:
        """Carry outbox rows and give the `seq` of those that arrived for good. May raise: then none did."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(slots=True)
class DirectCarrier:
    """Hands envelopes straight to the inboxes of the same process (the embedded mode).

    A row counts as carried when every subscriber has committed it.
    """

    subscribers: Subscribers

    def carry(self, rows: Sequence[AnyRow]) -> set[int]:
        """Hand each row over; one whose subscriber is not there yet, or is busy, stays for the next turn."""
        envelopes = [(row.seq, Envelope.from_json(row.envelope)) for row in rows]
        carried = {seq for seq, _ in envelopes}
        for service in sorted({name for row in rows for name in _subscribers_of(row.type)}):
            theirs = [(seq, envelope) for seq, envelope in envelopes if service in _subscribers_of(envelope.type)]
            if not self._hand_over(service, [envelope for _, envelope in theirs]):
                carried -= {seq for seq, _ in theirs}
        return carried

    def _hand_over(self, service: str, envelopes: Sequence[Envelope]) -> bool:
        receive = self.subscribers.get(service)
        if receive is None:
            return False
        try:
            receive(envelopes)
        except Exception:
            _log.exception("inbox unavailable", extra={"service": service})
            return False
        return True

    def close(self) -> None:
        """Nothing is held."""


def _subscribers_of(type_: str) -> tuple[str, ...]:
    try:
        return contract_for(type_).subscribers
    except NotInTheLanguage:
        return ()


class AmqpCarrier:
    """Publishes on the service's exchange with pipelined confirms: all are sent, then all answers are awaited."""

    def __init__(self, uri: str, service: str) -> None:
        self._uri = uri
        self._service = service
        self._exchange = events_exchange(service).name
        self._connection: Any = None
        self._channel: Any = None
        self._answers: dict[int, bool] = {}
        self._returned: set[str] = set()
        self._sent = 0
        self._first = 1

    def carry(self, rows: Sequence[AnyRow]) -> set[int]:
        """Publish rows in order. A row is carried when the broker confirmed it and every queue it needs exists."""
        try:
            return self._carry(rows)
        except BaseException:
            self.close()
            raise

    def _carry(self, rows: Sequence[AnyRow]) -> set[int]:
        self._open()
        self._answers.clear()
        self._returned.clear()
        self._first = self._sent + 1
        tags = {}
        for row in rows:
            tags[self._publish(row)] = row
            if len(tags) % GIVE_WAY == 0:
                time.sleep(0)
        self._await_answers(set(tags))
        carried = {row.seq for tag, row in tags.items() if self._answers[tag] and self._arrived(row)}
        if len(carried) < len(tags):
            _log.warning("events not taken by the broker", extra={"count": len(tags) - len(carried)})
        return carried

    def _publish(self, row: AnyRow) -> int:
        message = amqp.Message(
            row.envelope.encode(),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=str(row.event_id),
            type=row.type,
        )
        self._channel._basic_publish(message, self._exchange, row.type, mandatory=True)
        self._sent += 1
        return self._sent

    def _arrived(self, row: AnyRow) -> bool:
        """An event that nobody must receive counts as arrived; one whose queue is missing does not."""
        return str(row.event_id) not in self._returned or not _subscribers_of(row.type)

    def _await_answers(self, tags: set[int]) -> None:
        deadline = time.monotonic() + CONFIRM_DEADLINE
        while not tags <= self._answers.keys():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the broker did not confirm in time")
            self._connection.drain_events(timeout=left)

    def _open(self) -> None:
        if self._connection is not None:
            return
        self._connection = open_connection(self._uri)
        self._channel = self._connection.channel()
        declare_publisher(self._channel, self._service)
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._sent = 0

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        self._answer(delivery_tag, multiple, taken=True)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:
        self._answer(delivery_tag, multiple, taken=False)

    def _answer(self, delivery_tag: int, multiple: bool, *, taken: bool) -> None:
        """Note the broker's answer to one tag or, with `multiple`, to every tag of the batch up to it."""
        for tag in range(self._first if multiple else delivery_tag, delivery_tag + 1):
            self._answers.setdefault(tag, taken)

    def _on_return(self, _exc: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        self._returned.add(message.properties["message_id"])

    def close(self) -> None:
        """Drop the connection; the next batch opens a new one."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            try:
                connection.collect()
            except Exception:
                _log.debug("connection already gone", exc_info=True)
