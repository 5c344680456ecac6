"""What the console leads to, for each operator only what they may open."""

from __future__ import annotations

from typing import NamedTuple

from flask import current_app, request, url_for

from ops.console.console import may_work_in
from ops.gateway.roles import Area


class Place(NamedTuple):
    """One entry of the navigation: its words, the endpoint of its page, and the area that one must be let into."""

    words: str
    endpoint: str
    area: Area


PLACES = (
    Place("Today", "console.today", Area.ENQUIRIES),
    Place("Enquiries", "console.pipeline", Area.ENQUIRIES),
    Place("Calendar", "console.calendar", Area.CALENDAR),
    Place("Clearances", "console.clearances", Area.CLEARANCES),
    Place("Messages", "console.messages", Area.MESSAGES),
    Place("People", "console.contacts", Area.PEOPLE),
    Place("Reports", "console.reports", Area.ENQUIRIES),
    Place("Health", "console.health", Area.UPKEEP),
    Place("Personal data", "console.privacy", Area.PRIVACY),
    Place("Operators", "console.list_operators", Area.OPERATORS),
)


def navigation() -> list[dict[str, str | bool]]:
    """Give the entries for who is signed in: words, address, and whether the page that is open lies below it."""
    return [
        {"words": place.words, "address": url_for(place.endpoint), "here": _is_here(url_for(place.endpoint))}
        for place in PLACES
        if place.endpoint in current_app.view_functions and may_work_in(place.area)
    ]


def _is_here(address: str) -> bool:
    return request.path == address or request.path.startswith(f"{address}/")
