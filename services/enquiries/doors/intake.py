"""Reading enquiries, and looking through what was kept aside."""

from __future__ import annotations

from typing import Any

from services.enquiries import queries
from services.enquiries.domain.pipeline import parse_stage
from services.enquiries.domain.references import normalise_reference
from services.enquiries.handlers import quarantine
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store

MOST_AT_ONCE = 1000


class IntakeDoors:
    """The doors to what has come in."""

    store: Store

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

    @operation
    def list_quarantine(self, limit: int = 200, closed: bool = False) -> list[dict[str, Any]]:
        """List what was kept aside as suspected spam, the oldest first; with `closed`, what was cleared too."""
        with self.store.database.reading() as connection:
            return queries.list_quarantine(connection, limit=page_size(limit), closed=closed)

    @operation
    def count_quarantine(self) -> dict[str, int]:
        """Count what waits in quarantine for someone to look."""
        with self.store.database.reading() as connection:
            return {"waiting": queries.count_quarantine(connection)}

    @change
    def release_enquiry(self, reference: str, reason: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """File an enquiry that was no spam after all."""
        reference = normalise_reference(reference)
        with self.store.work() as work:
            quarantine.release_enquiry(work, reference, actor=actor or "unnamed", reason=reason)
            return work.answer(queries.get_enquiry(work.connection, reference))

    @change
    def clear_quarantine(
        self, references: list[str], reason: str | None = None, actor: str | None = None
    ) -> dict[str, int]:
        """Close suspects as spam, as many as are named."""
        if not references or len(references) > MOST_AT_ONCE:
            why = f"Name 1 to {MOST_AT_ONCE:,} references."
            raise Refused("invalid", why, {"references": [why]})
        named = [normalise_reference(each) for each in references]
        with self.store.work() as work:
            cleared = quarantine.clear_quarantine(work, named, actor=actor or "unnamed", reason=reason)
            return work.answer({"cleared": cleared, "named": len(named)})

    @operation
    def count_establishments_at(self, versions: dict[str, int]) -> dict[str, int]:
        """Say how many establishments are known here at these versions."""
        with self.store.database.reading() as connection:
            return {"caught_up": queries.count_establishments_at(connection, versions), "of": len(versions)}
