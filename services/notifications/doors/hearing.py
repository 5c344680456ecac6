"""The events that notifications hears; what each calls for is in `handlers/`."""

from __future__ import annotations

from services.notifications.doors.post_room import Post
from services.notifications.handlers import calendar, erasing, pipeline, places, registers
from shared.contracts.enquiries import (
    AgreementSigned,
    AnswerAwaited,
    ContactLeft,
    EnquiryQuarantined,
    EnquiryReceived,
    FirstReplyDue,
    IntakeAlarm,
    PersonErased,
    ProposalSent,
    ProposalSettled,
    ReplyWritten,
)
from shared.contracts.scheduling import (
    EstablishmentChanged,
    ExpiryNear,
    FacilitatorErased,
    GateMemoChanged,
    HoldChanged,
    OfferMade,
    OfferSettled,
    RunChanged,
    RunConfirmed,
    SessionRecorded,
)
from shared.doors.events import consumes
from shared.persistence.work import UnitOfWork


class HearingDoors:
    """What is heard of the other services."""

    post_room: Post

    @consumes(EnquiryReceived)
    def when_enquiry_received(self, work: UnitOfWork, event: EnquiryReceived) -> None:
        """Thank the enquirer, tell the ops team."""
        pipeline.when_enquiry_received(work, event, self.post_room.mail_domain)

    @consumes(RunConfirmed)
    def when_run_confirmed(self, work: UnitOfWork, event: RunConfirmed) -> None:
        """Confirm the dates and schedule reminders."""
        pipeline.when_run_confirmed(work, event, self.post_room.mail_domain)

    @consumes(EnquiryQuarantined)
    def when_enquiry_quarantined(self, work: UnitOfWork, _event: EnquiryQuarantined) -> None:
        """Tell the ops team, once for many."""
        pipeline.when_enquiry_quarantined(work, self.post_room.mail_domain)

    @consumes(ReplyWritten)
    def when_reply_written(self, work: UnitOfWork, event: ReplyWritten) -> None:
        """Carry an operator's reply to the enquirer."""
        pipeline.when_reply_written(work, event, self.post_room.mail_domain)

    @consumes(FirstReplyDue)
    def when_first_reply_due(self, work: UnitOfWork, event: FirstReplyDue) -> None:
        """Tell the ops team that an enquirer waits."""
        pipeline.when_first_reply_due(work, event, self.post_room.mail_domain, self.post_room.alert_places)

    @consumes(AnswerAwaited)
    def when_answer_awaited(self, work: UnitOfWork, event: AnswerAwaited) -> None:
        """Ask how things stand, or have somebody call."""
        pipeline.when_answer_awaited(work, event, self.post_room.mail_domain)

    @consumes(ContactLeft)
    def when_contact_left(self, work: UnitOfWork, event: ContactLeft) -> None:
        """Hold back what was meant for somebody who left."""
        pipeline.when_contact_left(work, event)

    @consumes(ProposalSent)
    def when_proposal_sent(self, work: UnitOfWork, event: ProposalSent) -> None:
        """Send the link to a proposal."""
        pipeline.when_proposal_sent(work, event, self.post_room.mail_domain)

    @consumes(ProposalSettled)
    def when_proposal_settled(self, work: UnitOfWork, event: ProposalSettled) -> None:
        """Say what became of a proposal."""
        pipeline.when_proposal_settled(work, event, self.post_room.mail_domain)

    @consumes(AgreementSigned)
    def when_agreement_signed(self, work: UnitOfWork, event: AgreementSigned) -> None:
        """Say that the agreement stands."""
        pipeline.when_agreement_signed(work, event, self.post_room.mail_domain)

    @consumes(IntakeAlarm)
    def when_intake_alarm(self, work: UnitOfWork, event: IntakeAlarm) -> None:
        """Tell the ops team that the way in needs a look."""
        pipeline.when_intake_alarm(work, event, self.post_room.mail_domain, self.post_room.alert_places)

    @consumes(RunChanged)
    def when_run_changed(self, work: UnitOfWork, event: RunChanged) -> None:
        """Say what a change of a run means to each."""
        calendar.when_run_changed(work, event, self.post_room.mail_domain)

    @consumes(HoldChanged)
    def when_hold_changed(self, work: UnitOfWork, event: HoldChanged) -> None:
        """Say what is held, and what no longer."""
        calendar.when_hold_changed(work, event, self.post_room.mail_domain)

    @consumes(OfferMade)
    def when_offer_made(self, work: UnitOfWork, event: OfferMade) -> None:
        """Ask a facilitator."""
        calendar.when_offer_made(work, event, self.post_room.mail_domain)

    @consumes(OfferSettled)
    def when_offer_settled(self, work: UnitOfWork, event: OfferSettled) -> None:
        """Say what a facilitator answered."""
        calendar.when_offer_settled(work, event, self.post_room.mail_domain)

    @consumes(ExpiryNear)
    def when_expiry_near(self, work: UnitOfWork, event: ExpiryNear) -> None:
        """Say what ends soon."""
        calendar.when_expiry_near(work, event, self.post_room.mail_domain)

    @consumes(GateMemoChanged)
    def when_gate_memo_changed(self, work: UnitOfWork, event: GateMemoChanged) -> None:
        """Send a gate memo, or say what became of it."""
        calendar.when_gate_memo_changed(work, event, self.post_room.mail_domain)

    @consumes(PersonErased)
    def when_person_erased(self, work: UnitOfWork, event: PersonErased) -> None:
        """Send nothing to them any more."""
        erasing.when_person_erased(work, event)

    @consumes(FacilitatorErased)
    def when_facilitator_erased(self, work: UnitOfWork, event: FacilitatorErased) -> None:
        """Send nothing to them any more."""
        erasing.when_facilitator_erased(work, event)

    @consumes(EstablishmentChanged)
    def when_establishment_changed(self, work: UnitOfWork, event: EstablishmentChanged) -> None:
        """Know whose bank holidays a place keeps."""
        places.when_establishment_changed(work, event)

    @consumes(SessionRecorded)
    def when_session_recorded(self, work: UnitOfWork, event: SessionRecorded) -> None:
        """Ask for a register no more that was handed in."""
        registers.when_session_recorded(work, event, self.post_room.mail_domain)
