"""Reading the mailbox: what is new in it, one mail after the other, each taken once.

How far it was read is kept for as long as the server keeps its numbers (UIDVALIDITY). Where it has given new ones, the
mails are looked at that came since a day before the last reading; what was taken before is known by its mark. Of a
mailbox that is read for the first time, those of the last day count.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from services.notifications.channels.mailbox import Arrived, Folder, Mailbox
from services.notifications.domain.answers import read
from services.notifications.handlers.answering import Desk, Outcome
from services.notifications.handlers.answers import take
from services.notifications.tables import answers_read, mailbox_faults, mailbox_positions
from shared.messaging.jobs import NotFinished
from shared.persistence.upsert import insert_or_leave, insert_or_update
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=1)
"""How far back a mailbox is looked at whose numbers tell nothing yet: servers know days, and in their own zone."""
ENOUGH = 45.0
"""Seconds after which a reading ends, with the mail in hand; the next one goes on from there."""
MOST_WAITING = 3
"""Mails that find another service away before a reading ends: each may have waited long for its answer."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one mailbox. `token_in` gives the message that an address names; `ours` are our own addresses."""

    mailbox: Mailbox
    desk: Desk
    token_in: Callable[[str], UUID | None]
    ours: Collection[str]

    def read_new(self, stopping: Callable[[], bool] = lambda: False) -> Counter[str]:
        """Take what is new; count it by outcome. Raises MailboxAway, or NotFinished when `stopping` says so."""
        counts: Counter[str] = Counter()
        with self.mailbox.open() as folder:
            position = _Position.found(self.desk.store, self.mailbox.address.name, folder.validity)
            try:
                self._read(folder, position, counts, stopping)
            finally:
                position.keep(self.desk.store)
        if counts:
            _log.info("mail read", extra={"outcomes": dict(counts)})
        return counts

    def _read(self, folder: Folder, position: _Position, counts: Counter[str], stopping: Callable[[], bool]) -> None:
        enough = time.monotonic() + ENOUGH
        for batch in folder.after(position.last_uid, position.since):
            known = _taken(self.desk.store, batch)
            for mail in batch:
                outcome = None if mail.mark in known else self._take(folder, mail)
                if outcome is not None:
                    counts[outcome.value] += 1
                position.passed(mail.uid, waits=outcome is Outcome.WAITING)
                if stopping():
                    raise NotFinished
                if counts[Outcome.WAITING.value] >= MOST_WAITING or time.monotonic() > enough:
                    return
            position.keep(self.desk.store)
        position.passed(folder.last_uid, waits=False)

    def _take(self, folder: Folder, mail: Arrived) -> Outcome | None:
        raw = folder.fetch(mail.uid)
        if raw is None:
            return None  # somebody has deleted it meanwhile
        answer = read(raw, token_in=self.token_in, ours=self.ours)
        return take(replace(answer, mark=mail.mark or answer.mark), self.desk)


def keep_fault(store: Store, mailbox: str, why: str | None) -> None:
    """Keep in words why a mailbox could not be read just now; None where it could."""
    with store.work() as work:
        if why is None:
            work.connection.execute(delete(mailbox_faults).where(mailbox_faults.c.mailbox == mailbox))
        else:
            row = {"mailbox": mailbox, "at": work.now, "why": why}
            insert_or_update(work.connection, mailbox_faults, "mailbox", row)


@dataclass(slots=True)
class _Position:
    """How far a mailbox was read. A mail that waits holds it back, and not the mails after it.

    `since` is the day from which mails count, where their numbers tell nothing yet.
    """

    mailbox: str
    validity: int
    last_uid: int
    since: date | None
    is_begun: bool = False
    is_held_back: bool = False

    @classmethod
    def found(cls, store: Store, mailbox: str, validity: int) -> _Position:
        """Give how far a mailbox was read before, while its mails keep their numbers."""
        with store.database.reading() as connection:
            row = connection.execute(select(mailbox_positions).where(mailbox_positions.c.mailbox == mailbox)).first()
        if row is not None and row.uid_validity == validity:
            return cls(mailbox, validity, row.last_uid, None)
        last_read = store.clock() if row is None else row.read_at
        return cls(mailbox, validity, 0, (last_read - LOOK_BACK).date())

    def passed(self, uid: int, *, waits: bool) -> None:
        """Note that a mail was read, or that it waits."""
        self.is_begun = True
        if waits and not self.is_held_back:
            self.is_held_back = True
            self.last_uid = max(self.last_uid, uid - 1)
        if not self.is_held_back:
            self.last_uid = max(self.last_uid, uid)

    def keep(self, store: Store) -> None:
        """Keep how far it was read, and when. A slower reading never takes it back.

        Of a first reading that came to nothing nothing is kept: the next one begins with the last day again.
        """
        if self.since is not None and not self.is_begun:
            return
        values = {"uid_validity": self.validity, "last_uid": self.last_uid}
        mine = mailbox_positions.c.mailbox == self.mailbox
        further = (mailbox_positions.c.uid_validity != self.validity) | (mailbox_positions.c.last_uid <= self.last_uid)
        with store.work() as work:
            row = {**values, "mailbox": self.mailbox, "read_at": work.now}
            if not insert_or_leave(work.connection, mailbox_positions, row):
                work.connection.execute(update(mailbox_positions).where(mine, further).values(row))


def _taken(store: Store, batch: Collection[Arrived]) -> set[str]:
    """Give the marks of those mails that have taken effect already."""
    marks = [mail.mark for mail in batch if mail.mark is not None]
    done = answers_read.c.mark.in_(marks) & (answers_read.c.outcome != Outcome.WAITING.value)
    with store.database.reading() as connection:
        return set(connection.scalars(select(answers_read.c.mark).where(done)))
