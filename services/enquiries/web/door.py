"""Joins the web side to the service behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.enquiries import queries
from services.enquiries.handlers import intake
from services.enquiries.web.app import create_app
from services.enquiries.web.intake import Channel, Receipt
from services.enquiries.web.limits import limited
from shared.doors.web import WebDoor


class ServiceIntake:
    """The intake that stores into this service's own database."""

    def __init__(self, door: WebDoor) -> None:
        settings = door.backing.settings
        self._store = door.store()
        self.org_name = settings.org_name
        self.public_url = settings.public_url
        self.allowed_origins = settings.allowed_origins
        self.secret_keys = settings.secret_keys

    def receive(self, answers: dict[str, Any], idempotency_key: str | None, channel: Channel) -> Receipt:
        """Store an enquiry."""
        return intake.receive_enquiry(self._store, answers, idempotency_key=idempotency_key, channel=channel)

    def establishments(self) -> Sequence[tuple[str, str]]:
        """List the active establishments."""
        with self._store.database.reading() as connection:
            return queries.list_establishments(connection)


def public_app(door: WebDoor) -> Callable[..., Any]:
    """Make the public app for a door."""
    settings = door.backing.settings
    app = create_app(ServiceIntake(door))
    return limited(app, settings.trusted_proxies) if settings.intake_limits else app
