"""The ops gateway as a nameko service: one web door, and calls to the others."""

from __future__ import annotations

from flask import Flask

from ops.gateway.app import create_app
from shared.doors.web import WebDoor


def gateway_app(door: WebDoor) -> Flask:
    """Make the gateway's app for a door."""
    return create_app(door.calls.caller().call, str(door.backing.settings.ops_token))


class OpsService:
    """Lets operators in and calls the services for them. Owns nothing yet."""

    name = "ops"

    web = WebDoor(gateway_app, port="ops")
