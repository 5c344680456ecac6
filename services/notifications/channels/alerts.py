"""Alerts to the team's own tools, such as a chat room or an SMS gateway, by Apprise: short, and about nobody.

Each address is a recipient of its own, `team:1` for the first, so that one which works is not told again because
another does not.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.plugins.base import NotifyBase
from apprise.result import AppriseResultStatus

from services.notifications.channels.base import Mail, OutcomeUnknown, PermanentFailure, TemporaryFailure
from services.notifications.domain.alerts import team

# Its own words may quote addresses, which are secrets. What came of an alert is in the ledger.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


class AlertChannel:
    """Apprise as a channel; a mail's recipient is `team:NUMBER`, its subject the title and its text the body.

    `urls` are Apprise addresses, in the order of the recipients. Times in seconds: `read_timeout` for one answer of a
    service, `patience` for all of it. Raises ValueError naming KEYTALK_ALERT_URLS and the place of an address that
    cannot be used, never the address.
    """

    def __init__(self, urls: Sequence[str], *, read_timeout: float = 10.0, patience: float = 30.0) -> None:
        asset = AppriseAsset(app_id="Keytalk", async_mode=False, service_timeout=patience, secure_logging=True)
        self._services = {
            team(place): _service(url, asset, f"address {place} of {len(urls)}", read_timeout)
            for place, url in enumerate(urls, 1)
        }
        self._asset = asset

    @property
    def places(self) -> int:
        """How many addresses there are: that of `team:1` is the first."""
        return len(self._services)

    def deliver(self, mail: Mail) -> None:
        """Tell one of the team's addresses. Raises as `Channel.deliver` says.

        A service that says no may take it later. One that was still at work when `patience` ended may have told them.
        """
        service = self._services.get(mail.recipient)
        if service is None:
            raise PermanentFailure("the settings have no such address for alerts any more")
        told = Apprise(service, asset=self._asset).notify(
            body=mail.text, title=mail.subject, notify_type=NotifyType.WARNING, body_format=NotifyFormat.TEXT
        )
        if told.status is AppriseResultStatus.TIMEOUT:
            raise OutcomeUnknown("the alert was handed over and the service did not answer in time")
        if not told:
            raise TemporaryFailure("the service for alerts did not take it")

    def settle(self, message_id: str) -> bool | None:
        """Nobody can ask a chat room what it was told."""
        return None


def _service(url: str, asset: AppriseAsset, place: str, read_timeout: float) -> NotifyBase:
    service = Apprise.instantiate(url, asset=asset)
    if service is None:
        raise ValueError(
            f"KEYTALK_ALERT_URLS: {place} is not one that Apprise can use: write it like "
            "slack://TOKEN_A/TOKEN_B/TOKEN_C or mailto://user:password@host"
        )
    if service.socket_read_timeout == NotifyBase.socket_read_timeout:
        # The usual four seconds are short: an alert taken a little later would be sent again.
        service.socket_read_timeout = read_timeout
    return service
