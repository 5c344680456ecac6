"""The enquiries service: its doors."""

from __future__ import annotations

from typing import Any

from services.enquiries import handlers, queries
from services.enquiries.domain.pipeline import parse_stage
from services.enquiries.domain.references import normalise_reference
from services.enquiries.tables import messaging
from services.enquiries.web.door import public_app
from shared.contracts.notifications import MessageAccepted
from shared.contracts.scheduling import EstablishmentChanged
from shared.doors.events import consumes
from shared.doors.operators import OperatorsDoors
from shared.doors.rpc import change, operation
from shared.doors.store import StoreProvider
from shared.doors.web import WebDoor
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork


class EnquiriesService(OperatorsDoors):
    """Takes enquiries and moves them along the pipeline. Owns what enquirers told us."""

    name = "enquiries"

    store: Store = StoreProvider(messaging)
    web = WebDoor(public_app, port="public")

    @operation
    def list_enquiries(self, limit: int = 50, stage: str | None = None) -> list[dict[str, Any]]:
        """List enquiries, the newest first."""
        wanted = parse_stage(stage) if stage else None
        with self.store.database.reading() as connection:
            return queries.list_enquiries(connection, limit=page_size(limit), stage=wanted)

    @operation
    def get_enquiry(self, reference: str, actor: str | None = None) -> dict[str, Any]:
        """Give one enquiry whole."""
        with self.store.database.reading() as connection:
            return queries.get_enquiry(connection, normalise_reference(reference))

    @change
    def move_enquiry(
        self, reference: str, to: str, reason: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Move an enquiry to another stage."""
        reference = normalise_reference(reference)
        with self.store.work() as work:
            handlers.move_enquiry(work, reference, parse_stage(to), actor=actor or "unnamed", reason=reason)
            return work.answer(queries.get_enquiry(work.connection, reference))

    @operation
    def count_establishments_at(self, versions: dict[str, int]) -> dict[str, int]:
        """Say how many establishments are known here at these versions."""
        with self.store.database.reading() as connection:
            return {"caught_up": queries.count_establishments_at(connection, versions), "of": len(versions)}

    @consumes(EstablishmentChanged)
    def when_establishment_changed(self, work: UnitOfWork, event: EstablishmentChanged) -> None:
        """Keep our list of establishments."""
        handlers.when_establishment_changed(work, event)

    @consumes(MessageAccepted)
    def when_message_accepted(self, work: UnitOfWork, event: MessageAccepted) -> None:
        """Note that an enquirer was answered."""
        handlers.when_message_accepted(work, event)
