"""Answers from mail: bounces, delivery reports and replies, read from a mailbox; and the addresses held back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.notifications.channels.mailbox import MailboxAway
from services.notifications.handlers import suppressions as handlers
from services.notifications.handlers.reading import Reader, keep_fault
from services.notifications.queries import answers, suppressions
from shared.doors.jobs import runs
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.messaging.jobs import each
from shared.observability import metrics
from shared.paging import page_size
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

READ_MAILBOX = "read_mailbox"
"""The kind of the job that reads the mailbox."""
READING_LEASE = timedelta(minutes=5)
"""Longer than any reading; should one last longer, another may begin, and each mail still takes effect once."""


class AnswerDoors:
    """The doors to what came back by mail."""

    store: Store
    reading_room: Reader | None

    @operation
    def list_answers(
        self, limit: int = 200, kind: str | None = None, outcome: str | None = None
    ) -> list[dict[str, Any]]:
        """List the mails that were read, the last first."""
        with self.store.database.reading() as connection:
            return answers.list_answers(connection, limit=page_size(limit), kind=kind, outcome=outcome)

    @operation
    def get_mailbox(self) -> dict[str, Any]:
        """Say whether a mailbox is read, when it last was or why it could not be, and what came of it."""
        mailbox = self.reading_room.mailbox.address.name if self.reading_room else None
        with self.store.database.reading() as connection:
            return answers.get_mailbox(connection, mailbox, self.store.clock())

    @change
    def read_mailbox_now(self, actor: str | None = None) -> dict[str, Any]:
        """Read the mailbox at once instead of with the next minute. Refused where none is set."""
        if self.reading_room is None:
            raise Refused("refused", "No mailbox is read here: set KEYTALK_IMAP_URL.")
        with self.store.work() as work:
            work.schedule(READ_MAILBOX, "asked for", work.now)
            return work.answer({"mailbox": self.reading_room.mailbox.address.name})

    @operation
    def list_suppressions(self, limit: int = 200, lifted: bool = False) -> list[dict[str, Any]]:
        """List the addresses that are not written to, by a mark that gives none of them away."""
        with self.store.database.reading() as connection:
            return suppressions.list_suppressions(connection, limit=page_size(limit), lifted=lifted)

    @change
    def lift_suppression(self, suppression: str, reason: str, actor: str | None = None) -> dict[str, Any]:
        """Let an address be written to again; `suppression` is its id, or that of the message that came back."""
        with self.store.work() as work:
            row = handlers.lift(work, suppression, reason, actor=actor or "unnamed")
            return work.answer(suppressions.plain(row))

    @runs(READ_MAILBOX, lease=READING_LEASE, every=each(timedelta(minutes=1)))
    def read_mailbox(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Read what is new; a mailbox that is away is tried again in a minute."""
        if self.reading_room is None:
            return
        why = None
        try:
            self.reading_room.read_new(stopping)
        except MailboxAway as away:
            why = away.words
            metrics.mailbox_away()
            _log.warning("the mailbox cannot be read", extra={"why": str(away)})
        keep_fault(self.store, self.reading_room.mailbox.address.name, why)
