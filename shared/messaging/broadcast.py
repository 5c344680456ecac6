"""What is new, told at once to whoever looks on: for pages that show it, and for nothing that matters.

Nothing is kept and nothing is confirmed: who was not there has missed it, and looks at the services for how things
stand. What has to happen is the inbox's.
"""

from __future__ import annotations

import json
import logging
import queue
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from shared.contracts.base import Contract
from shared.messaging.broker import open_connection
from shared.messaging.topology import events_exchange
from shared.observability import context

_log = logging.getLogger(__name__)

MOST_LISTENERS = 200
"""Onlookers at once in one process; a page then shows what is new when it is loaded again."""
MOST_UNHEARD = 200
"""What one onlooker may leave unheard; what comes then is left out, and the page shows it when it is loaded again."""
MOST_IN_QUEUE = 2_000
"""Messages that wait for a replica of ops at the broker; older ones go."""
LONGEST_PAUSE = 10.0
"""Seconds between tries while the broker is away."""


class News(NamedTuple):
    """That something happened: which service says so, which type of event, and about what (a reference or an id)."""

    source: str
    type: str
    subject: str


class NoRoom(Exception):
    """As many look on already as may."""


class Listener:
    """One onlooker."""

    def __init__(self) -> None:
        self._unheard: queue.Queue[News | None] = queue.Queue(MOST_UNHEARD)
        self._sent_home = False

    def tell(self, news: News) -> None:
        """Add to what is to be heard; of too much, the later part is left out."""
        with suppress(queue.Full):
            self._unheard.put_nowait(news)

    def send_home(self) -> None:
        """Let there be no more."""
        self._sent_home = True
        with suppress(queue.Full):
            self._unheard.put_nowait(None)

    def wait(self, seconds: float, gather: float) -> list[News] | None:
        """Give what is new: [] where nothing is within `seconds`, None where there will be no more.

        After the first it waits `gather` seconds for others, so that a flood is told as one.
        """
        try:
            heard = [self._unheard.get(timeout=seconds)]
        except queue.Empty:
            return None if self._sent_home else []
        if not self._sent_home:
            time.sleep(gather)
        while not self._unheard.empty():
            heard.append(self._unheard.get_nowait())
        return None if self._sent_home else [news for news in heard if news is not None]


class Hub:
    """Tells what is new to the onlookers of this process."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._closed = False

    def tell(self, news: News) -> None:
        """Tell everybody who looks on."""
        for listener in tuple(self._listeners):
            listener.tell(news)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Look on, until the block ends. Raises `NoRoom`."""
        if self._closed or len(self._listeners) >= MOST_LISTENERS:
            raise NoRoom
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Send everybody home: the process ends."""
        self._closed = True
        for listener in tuple(self._listeners):
            listener.send_home()


class Broadcast:
    """Hears every event of the contracts on a queue of this process's own, which goes when it goes, and tells a hub."""

    def __init__(self, uri: str, service: str, contracts: Sequence[Contract], hub: Hub) -> None:
        self._uri = uri
        self._service = service
        self._contracts = contracts
        self._hub = hub
        self._stopping = False

    def run(self) -> None:
        """Listen until `stop` is called, connecting again as often as needed."""
        context.service.set(self._service)
        pause = 1.0
        while not self._stopping:
            try:
                self._listen()
                pause = 1.0
            except Exception as error:
                _log.info("not listening to what is new", extra={"error": str(error), "pause": pause})
                self._rest(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def stop(self) -> None:
        """End within a second."""
        self._stopping = True

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.2)

    def _listen(self) -> None:
        connection = open_connection(self._uri)
        try:
            channel = connection.channel()
            name = live_queue(self._service)
            channel.queue_declare(
                name, durable=False, exclusive=True, auto_delete=True, arguments={"x-max-length": MOST_IN_QUEUE}
            )
            for contract in self._contracts:
                channel.queue_bind(name, events_exchange(contract.source).name, contract.type)
            channel.basic_consume(name, no_ack=True, callback=self._hear)
            while not self._stopping:
                try:
                    connection.drain_events(timeout=1.0)
                except TimeoutError:
                    connection.heartbeat_check()
        finally:
            connection.collect()

    def _hear(self, message: Any) -> None:
        try:
            envelope = json.loads(message.body)
            news = News(str(envelope["source"]), str(envelope["type"]), str(envelope["subject"]))
        except (ValueError, TypeError, KeyError):
            return  # whatever it is, the services' own inboxes say so
        self._hub.tell(news)


def live_queue(service: str) -> str:
    """Give the name of a queue for one process, which nobody else has."""
    return f"{service}.live-{uuid.uuid4()}"
