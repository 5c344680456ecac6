"""Establishments, and when they are open."""

from __future__ import annotations

from typing import Any

from services.scheduling import importer
from services.scheduling.queries import places
from shared.doors.rpc import change, operation
from shared.paging import page_size
from shared.persistence.work import Store


class PlaceDoors:
    """Establishments: looked up, and brought in from registers."""

    store: Store

    @operation
    def list_establishments(self, search: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """List establishments with their windows and blackouts."""
        with self.store.database.reading() as connection:
            return places.list_establishments(connection, search=search, limit=page_size(limit))

    @change
    def import_establishments(self, csv_text: str, dry_run: bool = False, actor: str | None = None) -> dict[str, Any]:
        """Add or change establishments from a register in CSV."""
        with self.store.work(trial=dry_run) as work:
            return work.answer(importer.import_establishments(work, csv_text).as_dict())

    @change
    def import_regimes(self, csv_text: str, dry_run: bool = False, actor: str | None = None) -> dict[str, Any]:
        """Set regime windows from CSV."""
        with self.store.work(trial=dry_run) as work:
            return work.answer(importer.import_regimes(work, csv_text).as_dict())
