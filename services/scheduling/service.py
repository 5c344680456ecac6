"""The scheduling service: its doors."""

from __future__ import annotations

from typing import Any

from services.scheduling import handlers, importer, queries
from services.scheduling.schemas import ClearanceSchema, FacilitatorSchema, PlanRunSchema, read, read_id
from services.scheduling.tables import messaging
from shared.contracts.enquiries import EnquiryReceived, PersonErased, StageChanged
from shared.doors.events import consumes
from shared.doors.operators import OperatorsDoors
from shared.doors.rpc import CallerProvider, change, operation
from shared.doors.store import StoreProvider
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork


class SchedulingService(OperatorsDoors):
    """Plans runs inside real prisons. Owns establishments, facilitators, clearances and runs."""

    name = "scheduling"

    store: Store = StoreProvider(messaging)
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
        )
        # Asked before the transaction: right after a post, the enquiry's event may still be on its way here.
        asked = self.others.call("enquiries", "get_enquiry", reference=enquiry)
        with self.store.work() as work:
            run_id = handlers.plan_run(work, asked, plan)
            return work.answer(queries.get_run(work.connection, run_id))

    @operation
    def get_run(self, run: str) -> dict[str, Any]:
        """Give one run whole."""
        with self.store.database.reading() as connection:
            return queries.get_run(connection, read_id(run, "run"))

    @operation
    def list_runs(self, limit: int = 50) -> list[dict[str, Any]]:
        """List runs, the one planned last first."""
        with self.store.database.reading() as connection:
            return queries.list_runs(connection, limit=page_size(limit))

    @change
    def confirm_run(self, run: str, actor: str | None = None) -> dict[str, Any]:
        """Confirm a draft run, which tells everyone who takes part."""
        run_id = read_id(run, "run")
        with self.store.database.reading() as connection:
            reference = queries.enquiry_of_run(connection, run_id)
        asked = self.others.call("enquiries", "get_enquiry", reference=reference)
        with self.store.work() as work:
            handlers.confirm_run(work, run_id, asked, actor=actor or "unnamed")
            return work.answer(queries.get_run(work.connection, run_id))

    @change
    def add_facilitator(self, name: str, email: str, actor: str | None = None) -> dict[str, Any]:
        """Put a facilitator on file."""
        person = read(FacilitatorSchema(), name=name, email=email)
        with self.store.work() as work:
            added = handlers.add_facilitator(work, **person)
            return work.answer(queries.get_facilitator(work.connection, added))

    @operation
    def get_facilitator(self, facilitator: str) -> dict[str, Any]:
        """Give a facilitator's name and address."""
        with self.store.database.reading() as connection:
            return queries.get_facilitator(connection, read_id(facilitator, "facilitator"))

    @operation
    def list_facilitators(self) -> list[dict[str, Any]]:
        """List facilitators with their clearances."""
        with self.store.database.reading() as connection:
            return queries.list_facilitators(connection)

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
            handlers.grant_clearance(work, clearance)
            granted = {
                "facilitator": str(clearance.facilitator_id),
                "establishment": clearance.establishment_id,
                "level": clearance.level,
                "valid_from": clearance.valid_from.isoformat(),
                "valid_until": clearance.valid_until.isoformat(),
            }
            return work.answer(granted)

    @operation
    def list_establishments(self, search: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """List establishments with their windows and blackouts."""
        with self.store.database.reading() as connection:
            return queries.list_establishments(connection, search=search, limit=page_size(limit))

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

    @consumes(EnquiryReceived)
    def when_enquiry_received(self, work: UnitOfWork, event: EnquiryReceived) -> None:
        """Note what was asked for."""
        handlers.when_enquiry_received(work, event)

    @consumes(StageChanged)
    def when_stage_changed(self, work: UnitOfWork, event: StageChanged) -> None:
        """Draft a run for a won enquiry."""
        handlers.when_stage_changed(work, event)

    @consumes(PersonErased)
    def when_person_erased(self, work: UnitOfWork, event: PersonErased) -> None:
        """Keep no copy of theirs."""
        handlers.when_person_erased(work, event)

    @operation
    def export_person(
        self, references: list[str], person_ids: list[str] | None = None, emails: list[str] | None = None
    ) -> dict[str, Any]:
        """Give what is held under enquiries, and on a facilitator with one of these addresses."""
        with self.store.database.reading() as connection:
            return queries.export_person(connection, references, emails or [])
