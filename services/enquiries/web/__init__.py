"""The public web side of enquiries: the form people fill in, and the same as a JSON API."""

from services.enquiries.web.app import create_app
from services.enquiries.web.intake import Channel, Intake, Receipt

__all__ = ["Channel", "Intake", "Receipt", "create_app"]
