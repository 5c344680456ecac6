"""A service's door to the web: one WSGI app, mounted on a port of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider

from shared.doors.backing import Backing
from shared.doors.rpc import Calls
from shared.messaging.tables import MessagingTables
from shared.persistence.work import Store
from shared.runtime.process import Port, Wsgi


class WebDoor(DependencyProvider):
    """Offers the app that `create_app(door)` makes on a port; the process decides which socket that is."""

    backing = Backing()
    calls = Calls()

    def __init__(
        self,
        create_app: Callable[[Any], Wsgi],
        port: Port,
        path: str = "/",
        messaging: MessagingTables | None = None,
    ) -> None:
        self.create_app = create_app
        self.port = port
        self.path = path
        self.messaging = messaging

    def setup(self) -> None:
        """Offer the app."""
        self.backing.process.mount(self.port, self.path, self.create_app(self))

    def store(self) -> Store:
        """Give the service's store, for apps that call its handlers."""
        if self.messaging is None:
            raise TypeError("this door was declared without messaging tables")
        return self.backing.store(self.messaging)

    def get_dependency(self, worker_ctx: Any) -> None:
        """Nothing is injected: the door is for callers outside."""
