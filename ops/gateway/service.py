"""The ops gateway as a nameko service: one web door, and calls to the others."""

from __future__ import annotations

from flask import Flask

from ops.gateway.app import create_app
from ops.gateway.gateway import make_gateway
from shared.doors.web import WebDoor


def gateway_app(door: WebDoor) -> Flask:
    """Make the gateway's app for a door."""
    backing = door.backing
    gateway = make_gateway(door.calls.caller().call, backing.database(), backing.process.clock, backing.settings)
    return create_app(gateway)


class OpsService:
    """Lets operators in and calls the services for them. Owns the operators, and the audit of what they asked for."""

    name = "ops"

    web = WebDoor(gateway_app, port="ops")
