"""Joins the pages to the service behind them."""

from __future__ import annotations

from flask import Flask

from services.scheduling.web import feed_pages
from services.scheduling.web.app import create_app
from services.scheduling.web.offer_desk import OfferDesk
from services.scheduling.web.offer_pages import OfferPages
from shared.doors.web import WebDoor


def calendar_app(door: WebDoor) -> Flask:
    """Give the pages over this service's own database."""
    offers = OfferPages(OfferDesk(door.store(), door.backing.settings))
    feeds = feed_pages.StoredFeeds(door.store())
    return create_app(door.backing.settings.org_name, (lambda app: feed_pages.mount(app, feeds), offers.mount))
