"""Two mailboxes that read alike: one in memory, and one on a real IMAP server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from typing import Protocol

from services.notifications.channels.mailbox import (
    BATCH,
    MOST_OF_A_MAIL,
    Arrived,
    Mailbox,
    MailboxAddress,
    MailboxAway,
    parse_imap_url,
)
from services.notifications.domain.answers import mark_of
from tests.servers.dovecot import Dovecot


class Filled(Protocol):
    """A mailbox that a test can put mail into, and number anew."""

    def deliver(self, *mails: bytes, at: dt.datetime | None = None) -> None:
        """Put mails into it; `at` is when they arrived, if not now."""

    def number_anew(self) -> None:
        """Give its mails new numbers, as a server does that was restored."""

    def read_by(self) -> Mailbox:
        """Give what reads it."""


class InMemory:
    """A mailbox in memory. `is_away`: nobody can read it now. `breaks_off`: the line is lost at the first mail."""

    def __init__(self) -> None:
        self.address = MailboxAddress("127.0.0.1", 143, "off", "hana", "secret")
        self.mails: list[tuple[bytes, dt.datetime]] = []
        self.validity = 1
        self._before_the_first = 100
        self.is_away = False
        self.breaks_off = False
        self.fetched = 0

    def deliver(self, *mails: bytes, at: dt.datetime | None = None) -> None:
        self.mails += [(mail, at or dt.datetime.now(dt.UTC)) for mail in mails]

    def number_anew(self) -> None:
        self.validity += 1
        self._before_the_first = 0

    def read_by(self) -> Mailbox:
        return self  # type: ignore[return-value]

    @contextmanager
    def open(self) -> Iterator[InMemory]:
        if self.is_away:
            raise MailboxAway("ConnectionRefusedError at connecting")
        yield self

    @property
    def last_uid(self) -> int:
        return self._before_the_first + len(self.mails)

    def after(self, uid: int, since: dt.date | None = None) -> Iterator[list[Arrived]]:
        found = [
            Arrived(at, _mark(mail), came)
            for at, (mail, came) in enumerate(self.mails, self._before_the_first + 1)
            if at > uid and (since is None or came.date() >= since)
        ]
        for at in range(0, len(found), BATCH):
            yield found[at : at + BATCH]

    def fetch(self, uid: int) -> bytes | None:
        if self.breaks_off:
            raise MailboxAway("ConnectionResetError at fetching a mail")
        self.fetched += 1
        return self.mails[uid - self._before_the_first - 1][0][:MOST_OF_A_MAIL]


class OnDovecot:
    """A folder of its own on a real server."""

    def __init__(self, server: Dovecot, folder: str) -> None:
        self._server = server
        self._folder = folder
        self._url = server.new_folder(folder)

    def deliver(self, *mails: bytes, at: dt.datetime | None = None) -> None:
        self._server.deliver(*mails, folder=self._folder, at=at)

    def number_anew(self) -> None:
        kept = self._server.mails(self._folder)
        self._server.new_folder(self._folder)
        for mail in kept:
            self.deliver(mail.raw, at=mail.arrived_at)

    def read_by(self) -> Mailbox:
        return Mailbox(parse_imap_url(self._url), read_timeout=20)


def _mark(mail: bytes) -> str | None:
    headers = BytesHeaderParser().parsebytes(mail)
    return mark_of(headers.get("Message-ID", ""), headers.get("Date", ""))
