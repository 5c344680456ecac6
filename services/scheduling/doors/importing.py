"""What comes in from spreadsheets."""

from __future__ import annotations

from typing import Any

from services.scheduling import people_importer, runs_importer
from shared.doors.rpc import change
from shared.persistence.work import Store


class ImportDoors:
    """What comes in from spreadsheets. No answer is kept: they name people, and the same file again changes nothing."""

    store: Store

    @change
    def import_facilitators(self, csv_text: str, actor: str | None = None) -> dict[str, Any]:
        """Add or change facilitators from CSV."""
        with self.store.work() as work:
            return work.answer_unkept(people_importer.import_facilitators(work, csv_text).as_dict())

    @change
    def import_clearances(self, csv_text: str, actor: str | None = None) -> dict[str, Any]:
        """Record clearances from CSV."""
        with self.store.work() as work:
            return work.answer_unkept(people_importer.import_clearances(work, csv_text).as_dict())

    @change
    def import_runs(self, csv_text: str, tell: bool = False, actor: str | None = None) -> dict[str, Any]:
        """Take in runs that are under way from CSV; with `tell`, those who take part are told."""
        with self.store.work() as work:
            report = runs_importer.import_runs(work, csv_text, actor=actor or "unnamed", tell=tell)
            return work.answer_unkept(report.as_dict())
