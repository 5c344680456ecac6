"""A service's door to the web: one WSGI app, mounted on a port of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider

from shared.doors.backing import Backing
from shared.doors.rpc import Calls
from shared.observability.context import about
from shared.observability.tracing import new_traceparent, span
from shared.persistence.work import Store
from shared.runtime.process import Port, Wsgi


def traced(app: Wsgi, service: str) -> Wsgi:
    """Let a trace begin with each request. An address may hold a token, so the span does not name it."""

    def serve(environ: Any, start_response: Any) -> Any:
        with about(service=service), span(f"web {service}", "server", new_traceparent()):
            return app(environ, start_response)

    return serve


class WebDoor(DependencyProvider):
    """Offers the app that `create_app(door)` makes on a port; the process decides which socket that is."""

    backing = Backing()
    calls = Calls()

    def __init__(
        self,
        create_app: Callable[[Any], Wsgi],
        port: Port,
        path: str = "/",
    ) -> None:
        self.create_app = create_app
        self.port = port
        self.path = path

    def setup(self) -> None:
        """Offer the app."""
        self.backing.process.mount(self.port, self.path, traced(self.create_app(self), self.backing.service))

    def store(self) -> Store:
        """Give the service's store, for apps that call its handlers."""
        return self.backing.store()

    def get_dependency(self, worker_ctx: Any) -> None:
        """Nothing is injected: the door is for callers outside."""
