"""The ops gateway as a nameko service: one web door, calls to the others, and an ear for what is new."""

from __future__ import annotations

from typing import Any

from flask import Flask
from nameko.extensions import DependencyProvider

from ops.gateway.app import create_app
from ops.gateway.gateway import make_gateway
from shared.contracts.base import contracts
from shared.doors.backing import Backing
from shared.doors.web import WebDoor
from shared.messaging.broadcast import Broadcast


def gateway_app(door: WebDoor) -> Flask:
    """Make the gateway's app for a door."""
    process, settings = door.backing.process, door.backing.settings
    call, database = door.calls.caller().call, door.backing.database()
    return create_app(make_gateway(call, database, process.clock, settings, process.hub))


class Ear(DependencyProvider):
    """Hears what is new from the broker, for the pages that show it. In the embedded mode the relays tell it."""

    backing = Backing()

    def __init__(self) -> None:
        self._broadcast: Broadcast | None = None

    def start(self) -> None:
        """Begin to listen."""
        settings, hub = self.backing.settings, self.backing.process.hub
        if not settings.embedded:
            self._broadcast = Broadcast(settings.amqp_uri, self.backing.service, contracts(), hub)
            self.container.spawn_managed_thread(self._broadcast.run, identifier="broadcast")

    def stop(self) -> None:
        """Listen no more."""
        if self._broadcast is not None:
            self._broadcast.stop()

    def get_dependency(self, worker_ctx: Any) -> None:
        """Nothing is injected: it is for the pages."""


class OpsService:
    """Lets operators in and calls the services for them. Owns the operators, and the audit of what they asked for."""

    name = "ops"

    ear = Ear()
    web = WebDoor(gateway_app, port="ops")
