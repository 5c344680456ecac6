"""Looks at the settings that only this service can judge, before anything starts."""

from __future__ import annotations

from services.notifications.channels.equipment import check_channels
from shared.config import BadSettings, Settings


def check(settings: Settings) -> None:
    """Raise `BadSettings` naming a setting that cannot be used, and never quoting it: it may hold a secret."""
    try:
        check_channels(settings)
    except ValueError as error:
        raise BadSettings(f"Keytalk cannot start with these settings.\n{error}") from None
