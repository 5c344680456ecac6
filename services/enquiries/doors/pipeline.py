"""Moving enquiries along: whose they are, whose turn it is, and what is known already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.enquiries import queries
from services.enquiries.domain.checklists import parse_answer
from services.enquiries.domain.clocks import next_morning
from services.enquiries.domain.pipeline import parse_side, parse_stage
from services.enquiries.domain.references import normalise_reference
from services.enquiries.doors.words import named, optional_words, today
from services.enquiries.handlers import clocks, pipeline, proposals
from services.enquiries.queries.tasks import checklist_of
from shared.clock import NO_OTHER_TIME, fixed_clock, parse_moment
from shared.config import Settings
from shared.doors.jobs import runs
from shared.doors.rpc import change, change_at_once
from shared.doors.settings import SettingsProvider
from shared.errors import Refused
from shared.messaging.jobs import subjects_due
from shared.persistence.work import Store

_PLAYED = {
    proposals.REMIND_OF_PROPOSALS: proposals.remind_of_proposals,
    proposals.EXPIRE_PROPOSALS: proposals.expire_proposals,
}
"""Other jobs about enquiries that can be played: safe to repeat, because their own time comes as well."""


class PipelineDoors:
    """The doors to the pipeline, and the clocks that run in it."""

    store: Store
    settings: Settings = SettingsProvider()

    @change
    def move_enquiry(
        self, reference: str, to: str, reason: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Move an enquiry to another stage; `left_open` in the answer says what was open at the one it left."""
        reference, why = normalise_reference(reference), optional_words(reason, "reason", today(self.store))
        with self.store.work() as work:
            left_open = pipeline.move_enquiry(work, reference, parse_stage(to), actor=actor or "unnamed", reason=why)
            return work.answer(queries.get_enquiry(work.connection, reference) | {"left_open": left_open})

    @change
    def assign_enquiry(self, reference: str, owner: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Give an enquiry to someone, or to nobody in particular."""
        reference, whose = normalise_reference(reference), named(owner)
        with self.store.work() as work:
            pipeline.assign_enquiry(work, reference, owner=whose, actor=actor or "unnamed")
            return work.answer({"reference": reference, "owner": whose})

    @change
    def wait_on(
        self, reference: str, waiting_on: str, reason: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Say whose turn it is: us, prison or funder."""
        reference, why = normalise_reference(reference), optional_words(reason, "reason", today(self.store))
        side = parse_side(waiting_on)
        with self.store.work() as work:
            pipeline.wait_on(work, reference, side, actor=actor or "unnamed", reason=why)
            return work.answer({"reference": reference, "waiting_on": side.value})

    @change
    def answer_question(
        self, reference: str, item: str, answer: str, note: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Answer a question of an enquiry's checklist: yes, no or not_needed; gives the checklist."""
        reference, said = normalise_reference(reference), optional_words(note, "note", today(self.store))
        with self.store.work() as work:
            programme = pipeline.answer_question(
                work, reference, item, parse_answer(answer), actor=actor or "unnamed", note=said
            )
            checklist = checklist_of(work.connection, reference, programme)
            return work.answer({"reference": reference, "checklist": checklist})

    @runs(clocks.STRIKE, lease=clocks.LEASE, every=next_morning)
    def strike_clocks(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Say what is due this morning."""
        clocks.strike_due(self.store, stopping)

    @change_at_once
    def run_due_jobs(self, as_of: str, actor: str | None = None) -> dict[str, Any]:
        """Look at the clocks as if it were `as_of`, and count what they said by its step; proposals end as well."""
        if not self.settings.may_play_time:
            raise Refused("forbidden", NO_OTHER_TIME)
        try:
            moment = parse_moment(as_of)
        except (ValueError, TypeError):
            why = "Write a time such as 2027-01-07T15:00, local in London unless an offset is given."
            raise Refused("invalid", why, {"as_of": [why]}) from None
        then = replace(self.store, clock=fixed_clock(moment))
        said = clocks.strike_due(then)
        for kind, run in _PLAYED.items():
            run(then, [UUID(subject) for subject in subjects_due(then, kind)])
        with self.store.work() as work:
            return work.answer({"as_of": moment.isoformat(), "said": said})
