"""Reading a queue of calls or of answers: one connection a queue, which outlives whatever arrives there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import amqp
import eventlet
from eventlet.greenthread import getcurrent, kill
from greenlet import greenlet
from kombu import Connection
from nameko.constants import (
    AMQP_SSL_CONFIG_KEY,
    DEFAULT_HEARTBEAT,
    DEFAULT_TRANSPORT_OPTIONS,
    HEARTBEAT_CONFIG_KEY,
    LOGIN_METHOD_CONFIG_KEY,
    TRANSPORT_OPTIONS_CONFIG_KEY,
)
from nameko.messaging import QueueConsumer, QueueConsumerStopped

from shared.doors.rpc.wire import is_embedded
from shared.messaging.topology import TopologyRefused, declare_rpc_exchange

_log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds before a broken reader connects again."""


class Unreadable:
    """Stands for the body of a message that could not be decoded."""


class Line(Connection):
    """A connection whose reader can be called away from waiting for a message."""

    _waits: greenlet | None = None

    def drain_events(self, **how: Any) -> Any:
        """Deliver what comes. Raises `TimeoutError` when nothing came in time, and when told to look up."""
        self._waits = getcurrent()
        try:
            return super().drain_events(**how)
        finally:
            self._waits = None

    def look_up(self) -> None:
        """End the wait, if there is one. Nothing of a message that is half read is lost."""
        if self._waits is not None:
            kill(self._waits, TimeoutError)


class Reader(QueueConsumer):
    """A nameko queue consumer that no message ends, and whose acknowledgements may come too late.

    Calls and answers are read by two of them. On one channel, calls in hand that wait for an answer would use up the
    prefetch, and keep out the answers they wait for.
    """

    _line: Line | None = None

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Read until stopped, over as many connections as it takes.

        Raises `TopologyRefused` when the queue cannot be had at the start; later on that is logged and tried again.
        """
        while not self.should_stop:
            try:
                super().run(*args, **kwargs)
            except QueueConsumerStopped:
                raise
            except Exception as error:
                if not self._consumers_ready.ready():
                    raise
                # By its kind only: its words may quote what could not be read.
                told = {**self._names(), "error": type(error).__name__}
                _log.error("reading broke off; it goes on in a moment", extra=told)
                eventlet.sleep(PAUSE)

    def create_connection(self) -> Line:
        """Make the connection to read on; kombu asks each time it connects."""
        config = self.container.config
        self._line = Line(
            self.amqp_uri,
            transport_options=config.get(TRANSPORT_OPTIONS_CONFIG_KEY, DEFAULT_TRANSPORT_OPTIONS),
            heartbeat=config.get(HEARTBEAT_CONFIG_KEY, DEFAULT_HEARTBEAT),
            ssl=config.get(AMQP_SSL_CONFIG_KEY),
            login_method=config.get(LOGIN_METHOD_CONFIG_KEY),
        )
        return self._line

    def unregister_provider(self, provider: Any) -> None:
        """Read for a provider no more."""
        self._look_up()
        super().unregister_provider(provider)

    def on_iteration(self) -> None:
        """Do what was asked for; kombu waits for a message once more before it sees that it is to stop."""
        super().on_iteration()
        if self.should_stop:
            self._look_up()

    def _look_up(self) -> None:
        """See at once what is asked, which kombu's loop does only once a second."""
        if self._line is not None:
            eventlet.spawn_after(0, self._line.look_up)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        """Declare what is read, after the exchange it hangs on. kombu asks at each connection."""
        if not is_embedded(self.container.config):
            declare_rpc_exchange(channel)
        try:
            return super().get_consumers(consumer_cls, channel)
        except (amqp.AccessRefused, amqp.NotFound, amqp.PreconditionFailed) as error:
            if self._consumers_ready.ready():
                raise  # kombu tries again
            raise TopologyRefused(f"RabbitMQ refused {', '.join(self._names().values())}: {error}") from error

    def on_decode_error(self, message: Any, error: Exception) -> None:
        """Hand on what cannot be decoded all the same: the provider knows whom to tell. kombu would log the body."""
        for provider in self._providers:
            self.handle_message(provider, Unreadable(), message)

    def ack_message(self, message: Any) -> None:
        """Acknowledge a message, where the connection it came by still stands."""
        self._settle(message.ack)

    def requeue_message(self, message: Any) -> None:
        """Give a message back for another to take."""
        self._settle(message.requeue)

    def reject_message(self, message: Any) -> None:
        """Put a message away."""
        self._settle(message.reject)

    def _settle(self, settle: Callable[[], None]) -> None:
        try:
            settle()
        except Exception as error:
            # The broker gives it out again, to us or to another replica.
            _log.info("a message could not be settled", extra={**self._names(), "error": type(error).__name__})

    def _names(self) -> dict[str, str]:
        return {"queue": ", ".join(sorted(provider.queue.name for provider in self._providers))}
