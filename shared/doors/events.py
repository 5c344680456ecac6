"""`@consumes(EnquiryReceived)`: the method of a service that handles an event, once for each event."""

from __future__ import annotations

from functools import partial
from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import Entrypoint, ProviderCollector, SharedExtension

from shared.contracts.base import contract_of
from shared.doors.backing import Backing
from shared.doors.loop import Loop
from shared.messaging.consumer import QueueReader
from shared.messaging.inbox import Inbox
from shared.messaging.tables import MessagingTables


class InboxConsumer(ProviderCollector, SharedExtension):
    """Reads all the events of a service: from its queue on RabbitMQ, or as they are handed over inside the process."""

    backing = Backing()

    def __init__(self) -> None:
        super().__init__()
        self._reader: QueueReader | None = None
        self._retries: Loop | None = None

    def start(self) -> None:
        """Open the inbox and start reading and retrying. Called once by each handler; the first one counts."""
        if self._retries is not None:
            return
        inbox = self._inbox()
        self._retries = Loop(inbox.retry_due, every=1.0, name="retries")
        self.container.spawn_managed_thread(self._retries.run, identifier="retries")
        if self.backing.settings.embedded:
            self.backing.process.subscribers[self.backing.service] = inbox.receive
            return
        contracts = [provider.contract for provider in self._providers]
        self._reader = QueueReader(self.backing.settings.amqp_uri, self.backing.service, contracts, inbox)
        self.container.spawn_managed_thread(self._reader.run, identifier="inbox")

    def stop(self) -> None:
        """Stop reading after the batch in hand."""
        self.backing.process.subscribers.pop(self.backing.service, None)
        if self._reader is not None:
            self._reader.stop()
        if self._retries is not None:
            self._retries.stop()
        super().stop()

    def _inbox(self) -> Inbox:
        tables = next(iter(self._providers)).messaging
        handlers = {provider.contract.type: self._method(provider) for provider in self._providers}
        return Inbox(self.backing.store(tables), tables.inbox, handlers)

    def _method(self, provider: Consumes) -> Any:
        """Give the service's method, bound to an instance that has its dependencies."""
        service = self.container.service_cls()
        context = WorkerContext(self.container, service, provider)
        for dependency in self.container.dependencies:
            setattr(service, dependency.attr_name, dependency.get_dependency(context))
        return getattr(service, provider.method_name)


class Consumes(Entrypoint):
    """An entrypoint for one event type. The method gets the unit of work of its batch, and the event."""

    inbox = InboxConsumer()

    def __init__(self, event: type, messaging: MessagingTables, **kwargs: Any) -> None:
        self.contract = contract_of(event)
        self.messaging = messaging
        super().__init__(**kwargs)

    def setup(self) -> None:
        """Take part in the service's inbox."""
        self.inbox.register_provider(self)

    def stop(self) -> None:
        """Leave the service's inbox."""
        self.inbox.unregister_provider(self)


consumes = Consumes.decorator


def consumer_of(messaging: MessagingTables) -> Any:
    """Give the `consumes` decorator for a service whose messaging tables are these."""
    return partial(consumes, messaging=messaging)
