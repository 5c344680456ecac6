"""Facilitators, and where they may work."""

from __future__ import annotations

from typing import Any

from services.scheduling.handlers import people as facilitators
from services.scheduling.queries import people
from services.scheduling.schemas import ClearanceSchema, FacilitatorSchema, read, read_id
from shared.doors.rpc import change, operation
from shared.persistence.work import Store


class PeopleDoors:
    """Facilitators: put on file, looked up, cleared for places."""

    store: Store

    @change
    def add_facilitator(self, name: str, email: str, actor: str | None = None) -> dict[str, Any]:
        """Put a facilitator on file."""
        person = read(FacilitatorSchema(), name=name, email=email)
        with self.store.work() as work:
            added = facilitators.add_facilitator(work, **person)
            return work.answer(people.get_facilitator(work.connection, added))

    @operation
    def get_facilitator(self, facilitator: str) -> dict[str, Any]:
        """Give a facilitator's name and address."""
        with self.store.database.reading() as connection:
            return people.get_facilitator(connection, read_id(facilitator, "facilitator"))

    @operation
    def list_facilitators(self) -> list[dict[str, Any]]:
        """List facilitators with their clearances."""
        with self.store.database.reading() as connection:
            return people.list_facilitators(connection)

    @change
    def grant_clearance(
        self,
        facilitator: str,
        establishment: str,
        valid_from: str,
        valid_until: str,
        level: str = "standard",
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Record the access that a prison has granted to a facilitator."""
        clearance = read(
            ClearanceSchema(),
            facilitator=facilitator,
            establishment=establishment,
            valid_from=valid_from,
            valid_until=valid_until,
            level=level,
        )
        with self.store.work() as work:
            facilitators.grant_clearance(work, clearance)
            granted = {
                "facilitator": str(clearance.facilitator_id),
                "establishment": clearance.establishment_id,
                "level": clearance.level,
                "valid_from": clearance.valid_from.isoformat(),
                "valid_until": clearance.valid_until.isoformat(),
            }
            return work.answer(granted)
