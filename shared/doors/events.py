"""`@consumes(EnquiryReceived)`: the method of a service that handles an event, once for each event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, Entrypoint, ProviderCollector, SharedExtension

from shared.contracts.base import contract_of
from shared.doors.backing import Backing
from shared.doors.binding import bound_method
from shared.doors.jobs import Jobs
from shared.messaging.consumer import QueueReader
from shared.messaging.inbox import RETRY_EVENTS, Inbox
from shared.messaging.jobs import Kind

RETRY_LEASE = timedelta(seconds=20)
"""A handler that ends the process holds up the other retries for that long; each retry has its own, longer time."""


class InboxConsumer(ProviderCollector, SharedExtension):
    """Reads all the events of a service: from its queue on RabbitMQ, or as they are handed over inside the process."""

    backing = Backing()
    jobs = Jobs()

    def __init__(self) -> None:
        super().__init__()
        self._reader: QueueReader | None = None
        self._reading: Any = None

    def start(self) -> None:
        """Open the inbox and start reading and retrying."""
        inbox = self._inbox()
        self.jobs.add(Kind(RETRY_EVENTS, lambda _subjects, _stopping: inbox.retry_due(), lease=RETRY_LEASE))
        self.jobs.begin()
        settings = self.backing.settings
        if settings.embedded:
            self.backing.process.subscribers[self.backing.service] = inbox.receive
            return
        self._reader = QueueReader(
            settings.amqp_uri,
            self.backing.service,
            [provider.contract for provider in self._providers],
            inbox,
            batch=settings.inbox_batch,
            prefetch=settings.inbox_prefetch,
        )
        self._reading = self.container.spawn_managed_thread(self._reader.run, identifier="inbox")

    def finish(self) -> None:
        """Take no more events, and wait until the batch in hand is committed and acknowledged."""
        self.backing.process.subscribers.pop(self.backing.service, None)
        if self._reader is not None:
            self._reader.stop()
            self._reading.wait()

    def _inbox(self) -> Inbox:
        handlers = {provider.contract.type: bound_method(provider) for provider in self._providers}
        return Inbox(self.backing.store(), handlers)


class Consumes(Entrypoint):
    """An entrypoint for one event type. The method gets the unit of work of its batch, and the event."""

    inbox = InboxConsumer()

    def __init__(self, event: type, **kwargs: Any) -> None:
        self.contract = contract_of(event)
        super().__init__(**kwargs)

    def setup(self) -> None:
        """Take part in the service's inbox."""
        self.inbox.register_provider(self)

    def stop(self) -> None:
        """Leave the service's inbox."""
        self.inbox.finish()
        self.inbox.unregister_provider(self)


consumes = Consumes.decorator


def hears(service: Any) -> Mapping[str, Callable[..., None]]:
    """Give the methods of a service's instance that handle events, each by its event's type."""
    return {
        entrypoint.contract.type: getattr(service, name)
        for name in dir(type(service))
        for entrypoint in getattr(getattr(type(service), name), ENTRYPOINT_EXTENSIONS_ATTR, ())
        if isinstance(entrypoint, Consumes)
    }
