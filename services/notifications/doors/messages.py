"""The ledger: what was sent, what waits, what became of it; and the job that sends what is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.notifications.channels.maildir import MaildirChannel, MailNotFound
from services.notifications.domain.preferences import DEFAULT
from services.notifications.domain.quiet_hours import next_open
from services.notifications.domain.working_hours import next_opening
from services.notifications.doors.post_room import Post
from services.notifications.doors.wanted import read_wanted
from services.notifications.handlers import resending, settling
from services.notifications.handlers.entering import our_holidays
from services.notifications.handlers.summarising import ENTER_SUMMARY, enter_summary
from services.notifications.handlers.sweeping import WAKE_STUCK, wake_stuck
from services.notifications.queries import messages
from services.notifications.tables import SEND_MESSAGES
from shared.clock import NO_OTHER_TIME, fixed_clock, parse_moment
from shared.doors.jobs import runs
from shared.doors.rpc import change, change_at_once, operation
from shared.errors import Refused
from shared.messaging.jobs import daily
from shared.paging import page_size
from shared.persistence.work import Store

SENDING_LEASE = timedelta(seconds=20)
"""Longer runs are well: another replica may then send too, and each message is claimed on its own."""


def each_opening(moment: datetime) -> datetime:
    """Give the next 08:00 in London of a working day: a clock for jobs."""
    return next_opening(moment, our_holidays())


class MessageDoors:
    """The doors to the ledger."""

    store: Store
    post_room: Post

    @operation
    def list_messages(
        self,
        limit: int = 200,
        state: str | None = None,
        occasion: str | None = None,
        template: str | None = None,
        subject: str | None = None,
        recipient: str | None = None,
        since: str | None = None,
        days: int | None = None,
    ) -> list[dict[str, Any]]:
        """List the ledger, the nearest to now first: all of it, or what is in a state, about something, to somebody.

        `since`, a day, and `days` from it ask for what is or was due then, the soonest first.
        """
        now = self.store.clock()
        wanted = read_wanted(
            state=state,
            occasion=occasion,
            template=template,
            subject=subject,
            recipient=recipient,
            since=since,
            days=days,
            now=now,
        )
        with self.store.database.reading() as connection:
            return messages.list_messages(connection, wanted, limit=page_size(limit), now=now)

    @operation
    def get_message(self, message: str) -> dict[str, Any]:
        """Give all that is known of a message, and what was sent in its place."""
        with self.store.database.reading() as connection:
            return messages.get_message(connection, _id(message), self.store.clock())

    @change
    def resend_message(self, message: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """Send again what did not get through for certain. `goes_at` is when; nothing is sent that nobody would get."""
        named = (_id(message), reason)
        with self.store.work(trial=True) as work:
            again = resending.resend_message(work, *named, actor=actor or "unnamed")
        goes_at = self.post_room.sender.goes_at(again)
        with self.store.work() as work:
            again = resending.resend_message(work, *named, actor=actor or "unnamed")
            found = messages.get_message(work.connection, again.id, work.now)
            return work.answer({**found, "goes_at": goes_at.isoformat()})

    @change
    def settle_message(self, message: str, state: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """Say what became of a message of which nobody could say whether it arrived: accepted or failed."""
        named = _id(message)
        with self.store.work() as work:
            settling.settle_message(work, named, state, reason, actor=actor or "unnamed")
            return work.answer(messages.get_message(work.connection, named, work.now))

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

    @change_at_once
    def run_due_jobs(self, as_of: str, actor: str | None = None) -> dict[str, Any]:
        """Send what is due as if it were `as_of`, in office hours with the summary of that morning."""
        if not self.post_room.may_play_time:
            raise Refused("forbidden", NO_OTHER_TIME)
        try:
            moment = parse_moment(as_of)
        except ValueError:
            why = "Write a time such as 2027-01-07T15:00, local in London unless an offset is given."
            raise Refused("invalid", why, {"as_of": [why]}) from None
        self._summarise_at(moment)
        outcomes = self.post_room.sender.send_due(moment)
        with self.store.database.reading() as connection:
            waiting = messages.count_waiting(connection, moment)
        told = {"sent": outcomes.pop("accepted", 0), "missed": outcomes.pop("missed", 0), "waiting": waiting}
        told |= {str(state): count for state, count in outcomes.items()}
        with self.store.work() as work:
            return work.answer({"as_of": moment.isoformat(), **told})

    @runs(SEND_MESSAGES, lease=SENDING_LEASE)
    def send_due_messages(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Send what is due; each message is claimed on its own."""
        self.post_room.sender.send_due(stopping=stopping)

    @runs(WAKE_STUCK, every=daily(3))
    def wake_stuck_messages(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Find messages that nothing would wake."""
        wake_stuck(self.store, self.post_room.sender.lease)

    @runs(ENTER_SUMMARY, every=each_opening)
    def enter_daily_summary(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Tell the ops team what is due and who was not told."""
        with self.store.work() as work:
            enter_summary(work, self.post_room.mail_domain)

    def _summarise_at(self, moment: datetime) -> None:
        if next_open(moment, DEFAULT, our_holidays()) == moment:
            with replace(self.store, clock=fixed_clock(moment)).work() as work:
                enter_summary(work, self.post_room.mail_domain)

    def _maildir(self) -> MaildirChannel:
        channel = self.post_room.sender.channel
        if not isinstance(channel, MaildirChannel):
            raise Refused(
                "refused", "Mail goes out by SMTP here and is not kept. The message list shows what was sent."
            )
        return channel


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        why = "Give the id of a message, as `keytalk messages list --json` shows it."
        raise Refused("invalid", why, {"message": [why]}) from None
