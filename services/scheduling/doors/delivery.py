"""What became of sessions: delivered, who came, how it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from services.scheduling.delivery_schemas import AttendanceSchema, FeedbackSchema, PartSchema
from services.scheduling.handlers import delivery as handlers
from services.scheduling.queries import delivery
from services.scheduling.queries.theirs import refuse_others_session
from services.scheduling.queries.today import registers
from services.scheduling.schemas import read, read_id, read_whose
from shared.doors.rpc import change, operation
from shared.persistence.work import Store, UnitOfWork


class DeliveryDoors:
    """What became of sessions: delivered, who came, how it was."""

    store: Store

    @change
    def record_delivered(
        self, session: str, facilitator: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Put down that a session was held; `facilitator` says who must be one of those who lead it."""
        act = partial(handlers.record_delivered, actor=actor or "unnamed")
        return self._record_outcome(session, act, facilitator)

    @change
    def record_part_delivered(
        self, session: str, cause: str, party: str, minutes: int, actor: str | None = None
    ) -> dict[str, Any]:
        """Put down that a session was held in part, why, on whose side that lay, and for how many minutes."""
        said = read(PartSchema(), cause=cause, party=party, minutes=minutes)
        return self._record_outcome(
            session, lambda work, which: handlers.record_part_delivered(work, which, actor=actor or "unnamed", **said)
        )

    @change
    def undo_outcome(self, session: str, actor: str | None = None) -> dict[str, Any]:
        """Take back what was put down for a session today."""
        return self._record_outcome(
            session, lambda work, which: handlers.undo_outcome(work, which, actor=actor or "unnamed")
        )

    @change
    def submit_attendance(
        self,
        session: str,
        expected: int,
        attended: int,
        late: int = 0,
        left_early: int = 0,
        absent: dict[str, int] | None = None,
        seats: dict[str, str] | None = None,
        facilitator: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Put down how many came to a session, as counts, or correct that. `seats` are marks by number, never names.

        `facilitator` says who must be one of those who lead it.
        """
        counts = read(
            AttendanceSchema(),
            expected=expected,
            attended=attended,
            late=late,
            left_early=left_early,
            absent=absent or {},
            seats=seats,
        )
        act = partial(handlers.submit_attendance, counts=counts, actor=actor or "unnamed")
        return self._record_outcome(session, act, facilitator)

    def _record_outcome(
        self, named: str, act: Callable[[UnitOfWork, UUID], None], facilitator: str | None = None
    ) -> dict[str, Any]:
        session_id, whose = read_id(named, "session"), read_whose(facilitator)
        with self.store.work() as work:
            refuse_others_session(work.connection, session_id, whose)
            act(work, session_id)
            return work.answer(delivery.get_delivery(work.connection, session_id))

    @operation
    def get_delivery(self, session: str, facilitator: str | None = None) -> dict[str, Any]:
        """Give what became of one session, and how many came; `facilitator` must be one of those who lead it."""
        session_id, whose = read_id(session, "session"), read_whose(facilitator)
        with self.store.database.reading() as connection:
            refuse_others_session(connection, session_id, whose)
            return delivery.get_delivery(connection, session_id)

    @operation
    def list_registers(self, facilitator: str | None = None) -> list[dict[str, Any]]:
        """List the sessions that are over and of which something is still to be put down; of one facilitator, or all.

        `lacks` is `outcome` (what became of it) or `attendance` (how many came).
        """
        whose = read_whose(facilitator)
        with self.store.database.reading() as connection:
            return list(registers(connection, self.store.clock(), whose))

    @change
    def record_feedback(
        self, run: str, audience: str, answers: int, scores: dict[str, dict[str, int]], actor: str | None = None
    ) -> dict[str, Any]:
        """Put down how a run was for some people: how many answered, and how many gave each score, by question."""
        given, run_id = read(FeedbackSchema(), audience=audience, answers=answers, scores=scores), read_id(run, "run")
        with self.store.work() as work:
            handlers.record_feedback(work, run_id, given, actor=actor or "unnamed")
            return work.answer(delivery.run_report(work.connection, run_id, external=False))

    @operation
    def run_report(self, run: str, external: bool = False) -> dict[str, Any]:
        """Give what became of a run; with `external`, small counts of people are hidden."""
        with self.store.database.reading() as connection:
            return delivery.run_report(connection, read_id(run, "run"), external=external)
