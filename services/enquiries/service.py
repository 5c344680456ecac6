"""The enquiries service: its doors, gathered. What each noun offers by RPC is in `doors/`."""

from __future__ import annotations

from services.enquiries.doors.commitments import CommitmentDoors
from services.enquiries.doors.intake import IntakeDoors
from services.enquiries.doors.matching import MatchingDoors
from services.enquiries.doors.people import PeopleDoors
from services.enquiries.doors.pipeline import PipelineDoors
from services.enquiries.doors.privacy import PrivacyDoors
from services.enquiries.doors.reports import ReportDoors
from services.enquiries.doors.searching import SearchDoors
from services.enquiries.doors.talking import TalkingDoors
from services.enquiries.doors.tasks import TaskDoors
from services.enquiries.doors.upkeep import UpkeepDoors
from services.enquiries.handlers import calendar, establishments, filing, intake, untold
from services.enquiries.tables import messaging
from services.enquiries.web.door import public_app
from shared.contracts.enquiries import EnquiryReceived
from shared.contracts.notifications import MessageAccepted, MessageUnsettled
from shared.contracts.scheduling import EstablishmentChanged, SessionRecorded, TaskNeeded
from shared.doors.events import consumes
from shared.doors.operators import OperatorsDoors
from shared.doors.store import StoreProvider
from shared.doors.web import WebDoor
from shared.persistence.work import Store, UnitOfWork


class EnquiriesService(
    IntakeDoors,
    PipelineDoors,
    TalkingDoors,
    TaskDoors,
    PeopleDoors,
    MatchingDoors,
    CommitmentDoors,
    SearchDoors,
    ReportDoors,
    UpkeepDoors,
    PrivacyDoors,
    OperatorsDoors,
):
    """Takes enquiries and moves them along the pipeline. Owns what enquirers told us."""

    name = "enquiries"

    store: Store = StoreProvider(messaging)
    web = WebDoor(public_app, port="public")

    @consumes(EnquiryReceived)
    def when_enquiry_received(self, work: UnitOfWork, event: EnquiryReceived) -> None:
        """File an enquiry once it is safe."""
        filing.when_enquiry_received(work, event)

    @consumes(EstablishmentChanged)
    def when_establishment_changed(self, work: UnitOfWork, event: EstablishmentChanged) -> None:
        """Keep our list of establishments."""
        establishments.when_establishment_changed(work, event)

    @consumes(MessageAccepted)
    def when_message_accepted(self, work: UnitOfWork, event: MessageAccepted) -> None:
        """Note that an enquirer was answered."""
        intake.when_message_accepted(work, event)
        untold.when_message_accepted(work, event)

    @consumes(TaskNeeded)
    def when_task_needed(self, work: UnitOfWork, event: TaskNeeded) -> None:
        """Put down what the calendar asks of somebody."""
        calendar.when_task_needed(work, event)

    @consumes(SessionRecorded)
    def when_session_recorded(self, work: UnitOfWork, event: SessionRecorded) -> None:
        """Let the history say what became of a session."""
        calendar.when_session_recorded(work, event)

    @consumes(MessageUnsettled)
    def when_message_unsettled(self, work: UnitOfWork, event: MessageUnsettled) -> None:
        """Have somebody see to a message that did not reach its reader for certain."""
        untold.when_message_unsettled(work, event)
