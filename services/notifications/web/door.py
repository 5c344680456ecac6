"""Joins the pages to the service behind them."""

from __future__ import annotations

from flask import Flask

from services.notifications.web.app import create_app
from services.notifications.web.preference_desk import PreferenceDesk
from services.notifications.web.preference_pages import PreferencePages
from shared.doors.web import WebDoor


def messages_app(door: WebDoor) -> Flask:
    """Give the pages over this service's own database."""
    settings = door.backing.settings
    pages = PreferencePages(PreferenceDesk(door.store(), settings))
    return create_app(settings.org_name, (pages.mount,))
