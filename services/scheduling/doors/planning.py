"""Planning runs, looking at them, keeping rules of theirs open, and confirming them."""

from __future__ import annotations

from typing import Any

from services.scheduling.handlers import overriding, planning
from services.scheduling.override_schemas import OverrideSchema
from services.scheduling.queries import runs
from services.scheduling.schemas import PlanRunSchema, read, read_id
from shared.doors.rpc import CallerProvider, change, operation
from shared.paging import page_size
from shared.persistence.work import Store


class PlanningDoors:
    """Runs: planned, looked at, confirmed."""

    store: Store
    others = CallerProvider()

    @change
    def plan_run(
        self,
        enquiry: str,
        start: str,
        weekday: str | None = None,
        window: str | None = None,
        facilitators: list[str] | None = None,
        establishment: str | None = None,
        time: str | None = None,
        mode: str = "in_person",
        room: str | None = None,
        group_size: int | None = None,
        programme: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Make, or make anew, the draft run of an enquiry."""
        plan = read(
            PlanRunSchema(),
            start=start,
            weekday=weekday,
            window=window,
            facilitators=facilitators or [],
            establishment=establishment,
            time=time,
            mode=mode,
            room=room,
            group_size=group_size,
            programme=programme,
        )
        # Asked before the transaction: right after a post, the enquiry's event may still be on its way here.
        asked = self.others.call("enquiries", "get_enquiry", reference=enquiry)
        with self.store.work() as work:
            run_id = planning.plan_run(work, asked, plan)
            return work.answer(runs.get_run(work.connection, run_id, work.now))

    @operation
    def get_run(self, run: str) -> dict[str, Any]:
        """Give one run whole."""
        with self.store.database.reading() as connection:
            return runs.get_run(connection, read_id(run, "run"), self.store.clock())

    @operation
    def list_runs(self, limit: int = 50, enquiry: str | None = None) -> list[dict[str, Any]]:
        """List runs, the one planned last first; or those of an enquiry, by its reference."""
        with self.store.database.reading() as connection:
            return runs.list_runs(connection, limit=page_size(limit), enquiry=enquiry)

    @change
    def confirm_run(self, run: str, actor: str | None = None) -> dict[str, Any]:
        """Confirm a draft run, which tells everyone who takes part."""
        run_id = read_id(run, "run")
        with self.store.database.reading() as connection:
            reference = runs.enquiry_of_run(connection, run_id)
        asked = self.others.call("enquiries", "get_enquiry", reference=reference)
        with self.store.work() as work:
            planning.confirm_run(work, run_id, asked, actor=actor or "unnamed")
            return work.answer(runs.get_run(work.connection, run_id, work.now))

    @change
    def override_rule(
        self, run: str, rule: str, reason: str, session: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Keep a rule open for a run or one of its sessions, by name and with a reason."""
        run_id = read_id(run, "run")
        decision = read(OverrideSchema(), rule=rule, session=session, reason=reason)
        with self.store.work() as work:
            overriding.override_rule(work, run_id, decision, actor=actor or "unnamed")
            return work.answer(runs.get_run(work.connection, run_id, work.now))

    @change
    def withdraw_override(self, override: str, actor: str | None = None) -> dict[str, Any]:
        """Put a rule again that was kept open; give its run."""
        override_id = read_id(override, "override")
        with self.store.work() as work:
            run_id = overriding.withdraw_override(work, override_id)
            return work.answer(runs.get_run(work.connection, run_id, work.now))
