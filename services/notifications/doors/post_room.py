"""Puts together what sending needs, from the settings: the channel, the directory, the organisation's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nameko.extensions import DependencyProvider

from services.notifications.channels.base import Channel
from services.notifications.channels.maildir import MaildirChannel
from services.notifications.channels.smtp import SmtpChannel, parse_smtp_url
from services.notifications.sending.delivery import Sender
from services.notifications.sending.directory import ServiceDirectory
from services.notifications.sending.rendering import Organisation
from shared.config import Settings
from shared.doors.backing import Backing
from shared.doors.rpc import Calls

MAILDIR_LEASE = timedelta(seconds=5)
"""Writing a file takes milliseconds, and a folder always knows what arrived: broken-off mail is settled soon."""
SMTP_LEASE = timedelta(minutes=10)
"""Longer than any exchange with a slow server: an attempt under way must never be taken for a broken one."""


@dataclass(frozen=True, slots=True)
class Post:
    """The sender, and what the doors ask about the settings."""

    sender: Sender
    mail_domain: str
    may_play_time: bool


class PostRoom(DependencyProvider):
    """Injects a `Post`."""

    backing = Backing()
    calls = Calls()

    def __init__(self) -> None:
        self._channel: Channel | None = None

    def setup(self) -> None:
        """Choose the channel. Raises `ValueError` for an SMTP address that cannot be used."""
        settings = self.backing.settings
        if settings.smtp_url:
            self._channel = SmtpChannel(parse_smtp_url(settings.smtp_url))
        else:
            self._channel = MaildirChannel(settings.maildir)

    def get_dependency(self, worker_ctx: Any) -> Post:
        """Give the post room to a worker."""
        settings = self.backing.settings
        return Post(
            sender=self._sender(worker_ctx, settings),
            mail_domain=settings.mail_from.rpartition("@")[2],
            may_play_time=settings.embedded or settings.testing,
        )

    def _sender(self, worker_ctx: Any, settings: Settings) -> Sender:
        assert self._channel is not None  # noqa: S101 - nameko sets up before it asks
        return Sender(
            store=self.backing.store(),
            channel=self._channel,
            directory=ServiceDirectory(self.calls.caller(worker_ctx).call, settings.ops_mailbox),
            organisation=Organisation(settings.org_name, settings.ops_mailbox),
            mail_from=settings.mail_from,
            lease=SMTP_LEASE if settings.smtp_url else MAILDIR_LEASE,
        )
