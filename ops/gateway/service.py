"""The ops gateway as a nameko service: one web door, calls to the others, and an ear for what is new."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask
from nameko.extensions import DependencyProvider

from ops.gateway.app import create_app
from ops.gateway.gateway import Gateway, make_gateway
from shared.contracts.base import contracts
from shared.doors.backing import Backing
from shared.doors.web import WebDoor
from shared.messaging.broadcast import Broadcast

_log = logging.getLogger(__name__)


def gateway_app(door: WebDoor) -> Flask:
    """Make the gateway's app for a door."""
    process, settings = door.backing.process, door.backing.settings
    call, database = door.calls.caller().call, door.backing.database()
    gateway = make_gateway(call, database, process.clock, settings, process.hub)
    _seal_secrets(gateway)
    return create_app(gateway)


def _seal_secrets(gateway: Gateway) -> None:
    """Have the secrets of authenticator apps sealed with the key in use; what is missed is sealed at a sign-in."""
    try:
        sealed = gateway.entrance.seal_all()
    except Exception as error:
        _log.warning("secrets are sealed later", extra={"error": type(error).__name__})
        return
    if sealed:
        _log.info("secrets sealed", extra={"count": sealed})


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
