"""Puts the pages of notifications together. They lie below `/messages`; what every answer carries is shared."""

from __future__ import annotations

from flask import Flask

from shared.web import pages as shared_pages
from shared.web.pages import Pages

PATH = "/messages"


def create_app(org_name: str, pages: tuple[Pages, ...]) -> Flask:
    """Make the app out of its pages."""
    return shared_pages.create_app(__name__, PATH, org_name, pages)
