"""Joins the pages to the service behind them."""

from __future__ import annotations

from flask import Flask

from services.scheduling.web.app import create_app
from shared.doors.web import WebDoor


def calendar_app(door: WebDoor) -> Flask:
    """Give the pages over this service's own database."""
    return create_app(door.backing.settings.org_name, ())
