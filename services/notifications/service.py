"""The notifications service: its doors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.notifications import calendar_news, erasing, handlers, queries
from services.notifications.channels.maildir import MaildirChannel, MailNotFound
from services.notifications.post_room import PostRoom
from services.notifications.tables import SEND_MESSAGES, messaging
from shared.clock import parse_moment
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
    ExpiryNear,
    GateMemoChanged,
    HoldChanged,
    OfferMade,
    OfferSettled,
    RunChanged,
    RunConfirmed,
)
from shared.doors.events import consumes
from shared.doors.jobs import runs
from shared.doors.operators import OperatorsDoors
from shared.doors.rpc import change, operation
from shared.doors.store import StoreProvider
from shared.errors import Refused
from shared.messaging.jobs import daily
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork

SENDING_LEASE = timedelta(seconds=20)
"""Longer runs are well: another replica may then send too, and each message is claimed on its own."""


class NotificationsService(OperatorsDoors):
    """Tells everyone what they need to know, once. Owns the message ledger."""

    name = "notifications"

    store: Store = StoreProvider(messaging)
    post_room = PostRoom()

    @operation
    def list_messages(
        self, limit: int = 200, state: str | None = None, occasion: str | None = None
    ) -> list[dict[str, Any]]:
        """List the ledger, the first due first."""
        with self.store.database.reading() as connection:
            return queries.list_messages(connection, limit=page_size(limit), state=state, occasion=occasion)

    @operation
    def list_mail(self, limit: int = 200) -> list[Any]:
        """List the mail in the local Maildir, the newest first."""
        return list(self._maildir().list_mail(page_size(limit)))

    @operation
    def get_mail(self, message_id: str) -> dict[str, Any]:
        """Give one mail of the local Maildir."""
        try:
            return self._maildir().read(message_id)
        except MailNotFound:
            raise Refused("not_found", f"No mail here has the Message-ID {message_id}.") from None

    @change
    def run_due_jobs(self, as_of: str, actor: str | None = None) -> dict[str, Any]:
        """Run the scheduled jobs as if it were `as_of`."""
        if not self.post_room.may_play_time:
            raise Refused("forbidden", "Another time can be played only in the embedded mode and in tests.")
        try:
            moment = parse_moment(as_of)
        except ValueError:
            why = "Write a time such as 2027-01-07T15:00, local in London unless an offset is given."
            raise Refused("invalid", why, {"as_of": [why]}) from None
        outcomes = self.post_room.sender.send_due(moment)
        with self.store.database.reading() as connection:
            waiting = queries.count_waiting(connection, moment)
        told = {"sent": outcomes.pop("accepted", 0), "missed": outcomes.pop("missed", 0), "waiting": waiting}
        told |= {str(state): count for state, count in outcomes.items()}
        with self.store.work() as work:
            return work.answer({"as_of": moment.isoformat(), **told})

    @runs(SEND_MESSAGES, lease=SENDING_LEASE)
    def send_due_messages(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Send what is due; each message is claimed on its own."""
        self.post_room.sender.send_due(stopping=stopping)

    @consumes(EnquiryReceived)
    def when_enquiry_received(self, work: UnitOfWork, event: EnquiryReceived) -> None:
        """Thank the enquirer, tell the ops team."""
        handlers.when_enquiry_received(work, event, self.post_room.mail_domain)

    @consumes(RunConfirmed)
    def when_run_confirmed(self, work: UnitOfWork, event: RunConfirmed) -> None:
        """Confirm the dates and schedule reminders."""
        handlers.when_run_confirmed(work, event, self.post_room.mail_domain)

    @consumes(EnquiryQuarantined)
    def when_enquiry_quarantined(self, work: UnitOfWork, _event: EnquiryQuarantined) -> None:
        """Tell the ops team, once for many."""
        handlers.when_enquiry_quarantined(work, self.post_room.mail_domain)

    @consumes(ReplyWritten)
    def when_reply_written(self, work: UnitOfWork, event: ReplyWritten) -> None:
        """Carry an operator's reply to the enquirer."""
        handlers.when_reply_written(work, event, self.post_room.mail_domain)

    @consumes(FirstReplyDue)
    def when_first_reply_due(self, work: UnitOfWork, event: FirstReplyDue) -> None:
        """Tell the ops team that an enquirer waits."""
        handlers.when_first_reply_due(work, event, self.post_room.mail_domain)

    @consumes(AnswerAwaited)
    def when_answer_awaited(self, work: UnitOfWork, event: AnswerAwaited) -> None:
        """Ask how things stand, or have somebody call."""
        handlers.when_answer_awaited(work, event, self.post_room.mail_domain)

    @consumes(ContactLeft)
    def when_contact_left(self, work: UnitOfWork, event: ContactLeft) -> None:
        """Hold back what was meant for somebody who left."""
        handlers.when_contact_left(work, event)

    @consumes(ProposalSent)
    def when_proposal_sent(self, work: UnitOfWork, event: ProposalSent) -> None:
        """Send the link to a proposal."""
        handlers.when_proposal_sent(work, event, self.post_room.mail_domain)

    @consumes(ProposalSettled)
    def when_proposal_settled(self, work: UnitOfWork, event: ProposalSettled) -> None:
        """Say what became of a proposal."""
        handlers.when_proposal_settled(work, event, self.post_room.mail_domain)

    @consumes(AgreementSigned)
    def when_agreement_signed(self, work: UnitOfWork, event: AgreementSigned) -> None:
        """Say that the agreement stands."""
        handlers.when_agreement_signed(work, event, self.post_room.mail_domain)

    @consumes(IntakeAlarm)
    def when_intake_alarm(self, work: UnitOfWork, event: IntakeAlarm) -> None:
        """Tell the ops team that the way in needs a look."""
        handlers.when_intake_alarm(work, event, self.post_room.mail_domain)

    @consumes(RunChanged)
    def when_run_changed(self, work: UnitOfWork, event: RunChanged) -> None:
        """Say what a change of a run means to each."""
        calendar_news.when_run_changed(work, event, self.post_room.mail_domain)

    @consumes(HoldChanged)
    def when_hold_changed(self, work: UnitOfWork, event: HoldChanged) -> None:
        """Say what is held, and what no longer."""
        calendar_news.when_hold_changed(work, event, self.post_room.mail_domain)

    @consumes(OfferMade)
    def when_offer_made(self, work: UnitOfWork, event: OfferMade) -> None:
        """Ask a facilitator."""
        calendar_news.when_offer_made(work, event, self.post_room.mail_domain)

    @consumes(OfferSettled)
    def when_offer_settled(self, work: UnitOfWork, event: OfferSettled) -> None:
        """Say what a facilitator answered."""
        calendar_news.when_offer_settled(work, event, self.post_room.mail_domain)

    @consumes(ExpiryNear)
    def when_expiry_near(self, work: UnitOfWork, event: ExpiryNear) -> None:
        """Say what ends soon."""
        calendar_news.when_expiry_near(work, event, self.post_room.mail_domain)

    @consumes(GateMemoChanged)
    def when_gate_memo_changed(self, work: UnitOfWork, event: GateMemoChanged) -> None:
        """Send a gate memo, or say what became of it."""
        calendar_news.when_gate_memo_changed(work, event, self.post_room.mail_domain)

    @operation
    def export_person(
        self, references: list[str], person_ids: list[str] | None = None, emails: list[str] | None = None
    ) -> dict[str, Any]:
        """Give what is held on the sender of enquiries: the ledger's rows, and mail that is kept on this machine."""
        with self.store.database.reading() as connection:
            return erasing.held_on(connection, self.post_room.sender.channel, references)

    @consumes(PersonErased)
    def when_person_erased(self, work: UnitOfWork, event: PersonErased) -> None:
        """Send nothing to them any more."""
        erasing.when_person_erased(work, event)

    @runs(erasing.REMOVE_MAIL)
    def remove_mail(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Remove the mail of erased people."""
        erasing.remove_mail(self.store, self.post_room.sender.channel, subjects)

    @runs(erasing.FORGET_OLD_MAIL, every=daily(2))
    def forget_old_mail(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Remove mail that has had its time."""
        erasing.forget_old_mail(self.store, self.post_room.sender.channel)

    def _maildir(self) -> MaildirChannel:
        channel = self.post_room.sender.channel
        if not isinstance(channel, MaildirChannel):
            raise Refused(
                "refused", "Mail goes out by SMTP here and is not kept. The message list shows what was sent."
            )
        return channel
