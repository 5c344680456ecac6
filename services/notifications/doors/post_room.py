"""Puts together what sending needs, from the settings: the channel, the directory, the organisation's words."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from nameko.extensions import DependencyProvider

from services.notifications.channels.alerts import AlertChannel
from services.notifications.channels.equipment import alert_channel, mail_channel
from services.notifications.channels.maildir import MaildirChannel
from services.notifications.channels.smtp import SmtpChannel
from services.notifications.handlers.places import nation_at, report_minutes_at
from services.notifications.handlers.sweeping import WAKE_STUCK
from services.notifications.sending.delivery import Sender
from services.notifications.sending.directory import ServiceDirectory
from services.notifications.sending.rendering import Organisation
from services.notifications.web.preference_links import PreferenceLinks
from shared.config import Settings
from shared.doors.backing import Backing
from shared.doors.rpc import Calls
from shared.persistence.work import Store

_log = logging.getLogger(__name__)

MAILDIR_LEASE = timedelta(seconds=5)
"""Writing a file takes milliseconds, and a folder always knows what arrived: broken-off mail is settled soon."""
SMTP_LEASE = timedelta(minutes=10)
"""Longer than any exchange with a slow server: an attempt under way must never be taken for a broken one."""
ALERTS_LEASE = timedelta(minutes=1)
"""Longer than any exchange with a service for alerts, of which nobody can ask what arrived."""


@dataclass(frozen=True, slots=True)
class Post:
    """The sender, and what the doors ask about the settings."""

    sender: Sender
    mail_domain: str
    may_play_time: bool
    alert_places: int
    """How many addresses of the team's own are told what cannot wait."""


class PostRoom(DependencyProvider):
    """Injects a `Post`."""

    backing = Backing()
    calls = Calls()

    def __init__(self) -> None:
        self._channel: SmtpChannel | MaildirChannel | None = None
        self._alerts: AlertChannel | None = None

    def setup(self) -> None:
        """Choose the channels. Raises `ValueError` naming a setting that cannot be used; `checking` did so before."""
        settings = self.backing.settings
        self._channel, self._alerts = mail_channel(settings), alert_channel(settings)

    def start(self) -> None:
        """Have messages looked for that nothing would wake, beside what else starts."""
        self.container.spawn_managed_thread(self._look_for_stuck, identifier="stuck messages")

    def _look_for_stuck(self) -> None:
        """Schedule the look; where the database is away, the one of every day finds them."""
        try:
            with self.backing.store().work() as work:
                work.schedule(WAKE_STUCK, "at start", work.now)
        except Exception as error:
            _log.warning("stuck messages are looked for later", extra={"error": repr(error)})

    def stop(self) -> None:
        """Leave the mail server with a goodbye."""
        if isinstance(self._channel, SmtpChannel):
            self._channel.close()

    def get_dependency(self, worker_ctx: Any) -> Post:
        """Give the post room to a worker."""
        settings = self.backing.settings
        return Post(
            sender=self._sender(worker_ctx, settings),
            mail_domain=settings.mail_from.rpartition("@")[2],
            may_play_time=settings.may_play_time,
            alert_places=len(settings.alert_urls),
        )

    def _sender(self, worker_ctx: Any, settings: Settings) -> Sender:
        assert self._channel is not None and self._alerts is not None  # noqa: S101, PT018 - nameko sets up first
        return Sender(
            store=self.backing.store(),
            channel=self._channel,
            directory=ServiceDirectory(
                self.calls.caller(worker_ctx).call,
                settings.ops_mailbox,
                partial(_nation_of, self.backing.store()),
                partial(_report_minutes_at, self.backing.store()),
            ),
            organisation=Organisation(settings.org_name, settings.ops_mailbox, people=settings.people_term),
            mail_from=settings.mail_from,
            lease=_lease(settings),
            alerts=self._alerts,
            keys=settings.secret_keys,
            links=PreferenceLinks(settings.secret_keys, settings.public_url),
            bounce_address=settings.bounce_address,
        )


def _nation_of(store: Store, establishment: str | None) -> str | None:
    with store.database.asking() as connection:
        return nation_at(connection, establishment)


def _report_minutes_at(store: Store, establishment: str | None) -> int:
    with store.database.reading() as connection:
        return report_minutes_at(connection, establishment)


def _lease(settings: Settings) -> timedelta:
    if settings.smtp_url:
        return SMTP_LEASE
    return ALERTS_LEASE if settings.alert_urls else MAILDIR_LEASE
