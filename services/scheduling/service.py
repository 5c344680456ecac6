"""The scheduling service: its doors, gathered. What each noun offers by RPC is in `doors/`."""

from __future__ import annotations

from typing import Any

from services.scheduling.doors.changing import ChangingDoors
from services.scheduling.doors.cover import CoverDoors
from services.scheduling.doors.delivery import DeliveryDoors
from services.scheduling.doors.feeds import FeedDoors
from services.scheduling.doors.holds import HoldDoors
from services.scheduling.doors.importing import ImportDoors
from services.scheduling.doors.papers import PaperDoors
from services.scheduling.doors.people import PeopleDoors
from services.scheduling.doors.places import PlaceDoors
from services.scheduling.doors.placing import PlacingDoors
from services.scheduling.doors.planning import PlanningDoors
from services.scheduling.doors.programmes import ProgrammeDoors
from services.scheduling.doors.rooms import RoomDoors
from services.scheduling.doors.timetables import TimetableDoors
from services.scheduling.doors.upkeep import UpkeepDoors
from services.scheduling.doors.viewing import ViewingDoors
from services.scheduling.handlers import hearing
from services.scheduling.queries import privacy
from services.scheduling.tables import messaging
from services.scheduling.web.app import PATH
from services.scheduling.web.door import calendar_app
from shared.contracts.enquiries import EnquiryReceived, PersonErased, StageChanged
from shared.doors.events import consumes
from shared.doors.operators import OperatorsDoors
from shared.doors.rpc import operation
from shared.doors.store import StoreProvider
from shared.doors.web import WebDoor
from shared.persistence.work import Store, UnitOfWork


class SchedulingService(
    PlaceDoors,
    TimetableDoors,
    RoomDoors,
    PeopleDoors,
    PlanningDoors,
    ChangingDoors,
    HoldDoors,
    ProgrammeDoors,
    CoverDoors,
    PaperDoors,
    DeliveryDoors,
    FeedDoors,
    ImportDoors,
    PlacingDoors,
    ViewingDoors,
    UpkeepDoors,
    OperatorsDoors,
):
    """Plans runs inside real prisons. Owns establishments, facilitators, clearances and runs."""

    name = "scheduling"

    store: Store = StoreProvider(messaging)
    web = WebDoor(calendar_app, port="public", path=PATH)

    @consumes(EnquiryReceived)
    def when_enquiry_received(self, work: UnitOfWork, event: EnquiryReceived) -> None:
        """Note what was asked for."""
        hearing.when_enquiry_received(work, event)

    @consumes(StageChanged)
    def when_stage_changed(self, work: UnitOfWork, event: StageChanged) -> None:
        """Draft a run for a won enquiry."""
        hearing.when_stage_changed(work, event)

    @consumes(PersonErased)
    def when_person_erased(self, work: UnitOfWork, event: PersonErased) -> None:
        """Keep no copy of theirs."""
        hearing.when_person_erased(work, event)

    @operation
    def export_person(
        self, references: list[str], person_ids: list[str] | None = None, emails: list[str] | None = None
    ) -> dict[str, Any]:
        """Give what is held under enquiries, and on a facilitator with one of these addresses."""
        with self.store.database.reading() as connection:
            return privacy.export_person(connection, references, emails or [])
