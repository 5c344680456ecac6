"""The channels that the settings ask for. What cannot be used is refused by the name of its setting, never quoted."""

from __future__ import annotations

from uuid import UUID

from services.notifications.channels.alerts import AlertChannel
from services.notifications.channels.mailbox import parse_imap_url
from services.notifications.channels.maildir import MaildirChannel
from services.notifications.channels.mime import Letterhead
from services.notifications.channels.signing import read_signer
from services.notifications.channels.smtp import SmtpChannel
from services.notifications.channels.smtp_server import parse_smtp_url
from services.notifications.channels.verp import return_path
from shared.config import Settings


def mail_channel(settings: Settings) -> SmtpChannel | MaildirChannel:
    """Give the way mail goes: by SMTP where a server is set, into a folder otherwise. Raises ValueError."""
    letterhead = letterhead_of(settings)
    if settings.smtp_url:
        return SmtpChannel(parse_smtp_url(settings.smtp_url), letterhead)
    return MaildirChannel(settings.maildir, letterhead)


def alert_channel(settings: Settings) -> AlertChannel:
    """Give the way to the team's own tools, with no address where none is set. Raises ValueError."""
    return AlertChannel(settings.alert_urls)


def letterhead_of(settings: Settings) -> Letterhead:
    """Give what the settings put on every mail. Raises ValueError."""
    signed = None
    if settings.dkim_key_file:
        domain = settings.mail_from.rpartition("@")[2]
        signed = read_signer(settings.dkim_key_file, selector=settings.dkim_selector, domain=domain).signed
    return Letterhead(settings.smtp_idempotency_header, settings.reply_tags, signed)


def check_channels(settings: Settings) -> None:
    """Raise ValueError for what could not be used once it is needed; open and make nothing."""
    letterhead_of(settings)
    alert_channel(settings)
    if settings.smtp_url:
        parse_smtp_url(settings.smtp_url)
    if settings.imap_url:
        parse_imap_url(settings.imap_url)
    if settings.bounce_address:
        return_path(settings.bounce_address, UUID(int=0))
