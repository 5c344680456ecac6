"""Joins the web side to the service behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.enquiries import queries
from services.enquiries.canary import Marks
from services.enquiries.domain.screening import NO_SIGNS, Signs
from services.enquiries.handlers import intake, upkeep
from services.enquiries.web.alike import Alike
from services.enquiries.web.app import create_app
from services.enquiries.web.intake import Channel, Receipt
from services.enquiries.web.limits import OPEN, Limits
from services.enquiries.web.proposal_desk import ProposalDesk
from shared.clock import day_in_london
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
        self._alike = Alike()
        self._marks = Marks(settings.secret_keys)

    def today(self) -> date:
        """Give the day it is here."""
        return day_in_london(self._store.clock())

    def receive(
        self, answers: dict[str, Any], idempotency_key: str | None, channel: Channel, signs: Signs = NO_SIGNS
    ) -> Receipt:
        """Store an enquiry."""
        signs = replace(signs, alike=self._alike.others(answers, self._store.clock()))
        return intake.receive_enquiry(
            self._store, answers, idempotency_key=idempotency_key, channel=channel, signs=signs
        )

    def receive_canary(self, mark: str) -> Receipt:
        """Note that a test enquiry of our own came in."""
        canary_id = self._marks.read(mark)
        with self._store.work() as work:
            return upkeep.canary_arrived(work, canary_id)

    def establishments(self) -> Sequence[Mapping[str, Any]]:
        """List the active establishments."""
        with self._store.database.reading() as connection:
            return queries.list_establishments(connection)


def public_app(door: WebDoor) -> Callable[..., Any]:
    """Make the public app for a door."""
    settings = door.backing.settings
    store = door.store()
    gate = Limits(settings.trusted_proxies, store.clock) if settings.intake_limits else OPEN
    return create_app(ServiceIntake(door), ProposalDesk(store, settings), gate)
