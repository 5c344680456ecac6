"""Puts together what reading the mailbox needs, from the settings; without the setting there is nothing to read."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from services.notifications.channels.mailbox import Mailbox, parse_imap_url
from services.notifications.channels.verp import message_of
from services.notifications.handlers.answering import Desk
from services.notifications.handlers.reading import Reader
from shared.doors.backing import Backing
from shared.doors.rpc import Calls


class ReadingRoom(DependencyProvider):
    """Injects a `Reader`, or None where KEYTALK_IMAP_URL is not set."""

    backing = Backing()
    calls = Calls()

    def __init__(self) -> None:
        self._mailbox: Mailbox | None = None

    def setup(self) -> None:
        """Read the address. Raises `ValueError` naming KEYTALK_IMAP_URL where it cannot be used."""
        if self.backing.settings.imap_url:
            self._mailbox = Mailbox(parse_imap_url(self.backing.settings.imap_url))

    def get_dependency(self, worker_ctx: Any) -> Reader | None:
        """Give the reader to a worker."""
        if self._mailbox is None:
            return None
        settings = self.backing.settings
        call = self.calls.caller(worker_ctx).call
        desk = Desk(self.backing.store(), call, settings.secret_keys, settings.ops_mailbox)
        return Reader(self._mailbox, desk, message_of, (settings.mail_from, settings.ops_mailbox))
