"""Reading enquiries, and looking through what was kept aside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.enquiries import queries
from services.enquiries.domain.references import normalise_reference
from services.enquiries.doors.words import optional_words, today
from services.enquiries.handlers import quarantine
from shared.clock import parse_moment
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store

MOST_AT_ONCE = 1000
"""How many suspects are closed in one transaction, at most."""


class IntakeDoors:
    """The doors to what has come in."""

    store: Store

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
    def count_quarantine(self, before: str | None = None) -> dict[str, Any]:
        """Count what waits in quarantine for someone to look, and say as of when: what came before that moment."""
        as_of = _moment("before", before) if before else self.store.clock()
        with self.store.database.reading() as connection:
            return {"waiting": queries.count_quarantine(connection, as_of), "as_of": as_of.isoformat()}

    @change
    def release_enquiry(self, reference: str, reason: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """File an enquiry that was no spam after all."""
        reference, why = normalise_reference(reference), optional_words(reason, "reason", today(self.store))
        with self.store.work() as work:
            quarantine.release_enquiry(work, reference, actor=actor or "unnamed", reason=why)
            return work.answer(queries.get_enquiry(work.connection, reference))

    @change
    def clear_quarantine(
        self,
        references: list[str] | None = None,
        all_before: str | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> dict[str, int]:
        """Close suspects as spam: those named, or all that came before a moment, in turns where there are many."""
        if (all_before is None) == (references is None):
            why = "Name the references, or say before which moment all are meant: one of the two."
            raise Refused("invalid", why, {"references": [why]})
        before = _moment("all_before", all_before) if all_before else None
        named = _references(references) if references is not None else None
        said = optional_words(reason, "reason", today(self.store))
        with self.store.work() as work:
            if named is None:
                named = queries.list_suspects(work.connection, before or work.now, MOST_AT_ONCE)
            cleared = quarantine.clear_quarantine(work, named, actor=actor or "unnamed", reason=said)
            left = queries.count_quarantine(work.connection, before) if before else 0
            return work.answer({"cleared": cleared, "named": len(named), "left": left})

    @operation
    def count_establishments_at(self, versions: dict[str, int]) -> dict[str, int]:
        """Say how many establishments are known here at these versions."""
        with self.store.database.reading() as connection:
            return {"caught_up": queries.count_establishments_at(connection, versions), "of": len(versions)}


def _references(given: list[str]) -> list[str]:
    if not given or len(given) > MOST_AT_ONCE:
        why = f"Name 1 to {MOST_AT_ONCE:,} references."
        raise Refused("invalid", why, {"references": [why]})
    return [normalise_reference(each) for each in given]


def _moment(field: str, text: str) -> datetime:
    try:
        return parse_moment(text)
    except ValueError:
        why = "Write a moment such as 2026-12-05T09:00, local in London unless an offset is given."
        raise Refused("invalid", why, {field: [why]}) from None
