"""Moving enquiries along."""

from __future__ import annotations

from typing import Any

from services.enquiries import queries
from services.enquiries.domain.pipeline import parse_stage
from services.enquiries.domain.references import normalise_reference
from services.enquiries.handlers import pipeline
from shared.doors.rpc import change
from shared.persistence.work import Store


class PipelineDoors:
    """The doors to the pipeline."""

    store: Store

    @change
    def move_enquiry(
        self, reference: str, to: str, reason: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Move an enquiry to another stage."""
        reference = normalise_reference(reference)
        with self.store.work() as work:
            pipeline.move_enquiry(work, reference, parse_stage(to), actor=actor or "unnamed", reason=reason)
            return work.answer(queries.get_enquiry(work.connection, reference))
