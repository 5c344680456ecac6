"""What carries outbox rows to their subscribers: RabbitMQ, or a hand-over inside the process."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, ClassVar, Protocol

import amqp
from amqp.exceptions import AccessRefused, ChannelError, NotFound

from shared.contracts.base import NotInTheLanguage, contract_for, contracts
from shared.messaging.broadcast import Hub, News
from shared.messaging.broker import open_connection
from shared.messaging.envelope import Envelope
from shared.messaging.topology import declare_publisher, events_exchange, inbox_queue, proof_of_binding
from shared.persistence.types import AnyRow

_log = logging.getLogger(__name__)

Receive = Callable[[Sequence[Envelope]], None]
"""Takes a batch of envelopes into a service's inbox, and returns once that is committed."""

Subscribers = MutableMapping[str, Receive]
"""The inboxes of the services that run in this process, by service."""

GIVE_WAY = 20
"""Messages published before other green threads, such as posts being answered, have their turn."""

CONFIRM_DEADLINE = 10.0
"""Seconds that the broker has to confirm a batch."""

_RIGHTS = 403

_CORK = getattr(socket, "TCP_CORK", None)
"""Linux alone has it; elsewhere each message is a packet."""


class NotCarried(Exception):
    """Nothing could be carried just now; the message says why. The rows stay as they were."""


@dataclass(slots=True)
class Delivery:
    """What became of a batch, by the `seq` of its rows. A row that is in none of the three stays for the next turn.

    `arrived`: every subscriber has it for good. `held_back`: a subscriber could not take it, and why.
    `refused`: it will never be taken as it is, and why.
    """

    arrived: set[int] = field(default_factory=set)
    held_back: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


class Carrier(Protocol):
    """Carries envelopes; small enough to replace in a test."""

    most: ClassVar[int]
    """The rows to bring at once."""
    ends_with_its_subscribers: ClassVar[bool]
    """Whether a subscriber that ends its process ends the relay too."""

    def carry(self, rows: Sequence[AnyRow]) -> Delivery:
        """Carry outbox rows (seq, event_id, type, envelope) in order. May raise: then nothing is known of any."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(slots=True)
class DirectCarrier:
    """Hands envelopes straight to the inboxes of the same process (the embedded mode).

    A row counts as carried when every subscriber has committed it.
    """

    most: ClassVar[int] = 50
    ends_with_its_subscribers: ClassVar[bool] = True
    subscribers: Subscribers
    hub: Hub = field(default_factory=Hub)
    """Told of what arrived, for whoever looks on."""

    def carry(self, rows: Sequence[AnyRow]) -> Delivery:
        """Hand each row over; one whose subscriber is busy stays. Raises `NotCarried` when none arrived."""
        envelopes = [(row.seq, Envelope.from_json(row.envelope)) for row in rows]
        carried = {seq for seq, _ in envelopes}
        for service in sorted({name for row in rows for name in _subscribers_of(row.type)}):
            theirs = [(seq, envelope) for seq, envelope in envelopes if service in _subscribers_of(envelope.type)]
            if not self._hand_over(service, [envelope for _, envelope in theirs]):
                carried -= {seq for seq, _ in theirs}
        if not carried:
            raise NotCarried("The services that these events are for are not there yet.")
        for seq, envelope in envelopes:
            if seq in carried:
                self.hub.tell(News(envelope.source, envelope.type, envelope.subject))
        return Delivery(carried)

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

    most: ClassVar[int] = 500
    ends_with_its_subscribers: ClassVar[bool] = False

    def __init__(self, uri: str, service: str) -> None:
        self._uri = uri
        self._service = service
        self._exchange = events_exchange(service).name
        self._connection: Any = None
        self._channel: Any = None
        self._missing: set[str] = set()
        self._unanswered: dict[int, AnyRow] = {}
        self._returned: set[str] = set()
        self._delivery = Delivery()
        self._sent = 0

    def carry(self, rows: Sequence[AnyRow]) -> Delivery:
        """Publish rows in order. A row has arrived when the broker confirmed it and every queue it needs is bound.

        Where the broker refuses something of the batch, what it did not answer is published again one by one.
        """
        try:
            self._delivery = Delivery()
            self._open()
            rows = self._without_missing_queues(rows)
            try:
                self._publish(rows)
            except ChannelError:
                self._publish_each(list(self._unanswered.values()))
        except BaseException:
            self.close()
            raise
        return self._delivery

    def _publish_each(self, rows: Iterable[AnyRow]) -> None:
        self._open_channel()
        for row in rows:
            try:
                self._publish([row])
            except NotFound:
                raise  # the exchange itself: it is declared with the next connection
            except ChannelError as error:
                words = f"RabbitMQ refused it: {error.reply_code} {error.reply_text}"
                mends_by_itself = error.reply_code == _RIGHTS
                (self._delivery.held_back if mends_by_itself else self._delivery.refused)[row.seq] = words
                self._open_channel()

    def _publish(self, rows: Sequence[AnyRow]) -> None:
        self._returned.clear()
        self._unanswered.clear()
        for first in range(0, len(rows), GIVE_WAY):
            with self._in_one_go():
                for row in rows[first : first + GIVE_WAY]:
                    self._send(row)
            time.sleep(0)
        self._await_answers()

    @contextmanager
    def _in_one_go(self) -> Iterator[None]:
        """Have the kernel gather what is written: a packet for each message would wake the broker each time."""
        sock = self._connection.connection.transport.sock
        if _CORK is None:
            yield
            return
        sock.setsockopt(socket.IPPROTO_TCP, _CORK, 1)
        try:
            yield
        finally:
            sock.setsockopt(socket.IPPROTO_TCP, _CORK, 0)

    def _send(self, row: AnyRow) -> None:
        message = amqp.Message(
            row.envelope.encode(),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=str(row.event_id),
            type=row.type,
        )
        self._sent += 1
        self._unanswered[self._sent] = row
        self._channel._basic_publish(message, self._exchange, row.type, mandatory=True)

    def _await_answers(self) -> None:
        deadline = time.monotonic() + CONFIRM_DEADLINE
        while self._unanswered:
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotCarried("The broker did not confirm in time: it may be blocked by an alarm.")
            self._connection.drain_events(timeout=left)

    def _without_missing_queues(self, rows: Sequence[AnyRow]) -> Sequence[AnyRow]:
        """Hold back what is for a subscriber that is not all there yet: another's would take it as routed."""
        if self._missing:
            self._missing = self._queues_missing(self._missing)
        kept = []
        for row in rows:
            missing = self._missing.intersection(_subscribers_of(row.type))
            if missing:
                words = f"The queue {inbox_queue(min(missing)).name} does not exist, or is not bound yet: start it."
                self._delivery.held_back[row.seq] = words
            else:
                kept.append(row)
        return kept

    def _queues_missing(self, services: Iterable[str]) -> set[str]:
        missing = set()
        for service in services:
            channel = self._connection.channel()
            try:
                for queue in proof_of_binding(service):
                    channel.queue_declare(queue.name, passive=True)
                channel.close()
            except NotFound:
                missing.add(service)
            except AccessRefused:
                _log.debug("this broker does not say whether a queue is there", extra={"subscriber": service})
        return missing

    def _open(self) -> None:
        if self._connection is not None:
            return
        self._connection = open_connection(self._uri)
        with self._connection.channel() as channel:
            declare_publisher(channel, self._service)
        told = {name for each in contracts() if each.source == self._service for name in each.subscribers}
        self._missing = self._queues_missing(told)
        self._open_channel()

    def _open_channel(self) -> None:
        """Open a channel that confirms, in place of one that the broker closed, which comes back without confirms."""
        if self._channel is not None:
            self._channel.close()
        self._channel = self._connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._sent = 0

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        for row in self._answered(delivery_tag, multiple):
            # An event that nobody must receive has arrived; one that should have found a queue has not.
            if str(row.event_id) in self._returned and _subscribers_of(row.type):
                self._delivery.held_back[row.seq] = "No queue is bound for this event: start its subscribers once."
            else:
                self._delivery.arrived.add(row.seq)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:
        for row in self._answered(delivery_tag, multiple):
            self._delivery.held_back[row.seq] = "A queue could not take it: it is full, or has no leader just now."

    def _answered(self, delivery_tag: int, multiple: bool) -> list[AnyRow]:
        """Give the rows that the broker's answer to one tag or, with `multiple`, to every tag up to it is about."""
        up_to = takewhile(lambda tag: tag <= delivery_tag, self._unanswered)
        tags = list(up_to) if multiple else [delivery_tag]
        return [self._unanswered.pop(tag) for tag in tags if tag in self._unanswered]

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
