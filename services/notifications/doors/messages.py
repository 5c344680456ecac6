"""The ledger: what was sent, what waits, what became of it; and the job that sends what is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.notifications.channels.maildir import MaildirChannel, MailNotFound
from services.notifications.doors.post_room import Post
from services.notifications.queries import messages
from services.notifications.tables import SEND_MESSAGES
from shared.clock import parse_moment
from shared.doors.jobs import runs
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store

SENDING_LEASE = timedelta(seconds=20)
"""Longer runs are well: another replica may then send too, and each message is claimed on its own."""


class MessageDoors:
    """The doors to the ledger."""

    store: Store
    post_room: Post

    @operation
    def list_messages(
        self, limit: int = 200, state: str | None = None, occasion: str | None = None
    ) -> list[dict[str, Any]]:
        """List the ledger, the first due first."""
        with self.store.database.reading() as connection:
            return messages.list_messages(connection, limit=page_size(limit), state=state, occasion=occasion)

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
            waiting = messages.count_waiting(connection, moment)
        told = {"sent": outcomes.pop("accepted", 0), "missed": outcomes.pop("missed", 0), "waiting": waiting}
        told |= {str(state): count for state, count in outcomes.items()}
        with self.store.work() as work:
            return work.answer({"as_of": moment.isoformat(), **told})

    @runs(SEND_MESSAGES, lease=SENDING_LEASE)
    def send_due_messages(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Send what is due; each message is claimed on its own."""
        self.post_room.sender.send_due(stopping=stopping)

    def _maildir(self) -> MaildirChannel:
        channel = self.post_room.sender.channel
        if not isinstance(channel, MaildirChannel):
            raise Refused(
                "refused", "Mail goes out by SMTP here and is not kept. The message list shows what was sent."
            )
        return channel
