"""Where a new run could go, and why it could not."""

from __future__ import annotations

from typing import Any

from services.scheduling.placing_schemas import FindSlotsSchema
from services.scheduling.queries import placing
from services.scheduling.schemas import read
from shared.clock import day_in_london
from shared.doors.rpc import operation
from shared.persistence.work import Store


class PlacingDoors:
    """Where a new run could go, and why it could not."""

    store: Store

    @operation
    def find_slots(
        self,
        enquiry: str | None = None,
        establishment: str | None = None,
        programme: str | None = None,
        earliest: str | None = None,
        latest: str | None = None,
        weekday: str | None = None,
        window: str | None = None,
        mode: str = "in_person",
        group_size: int | None = None,
        limit: int = 10,
    ) -> dict[str, Any]:
        """Rank the slots and teams for a request, or say by which facts it is not possible."""
        asked = read(
            FindSlotsSchema(),
            enquiry=enquiry,
            establishment=establishment,
            programme=programme,
            earliest=earliest,
            latest=latest,
            weekday=weekday,
            window=window,
            mode=mode,
            group_size=group_size,
            limit=limit,
        )
        today = day_in_london(self.store.clock())
        with self.store.database.reading() as connection:
            return placing.find_slots(connection, asked, today)
