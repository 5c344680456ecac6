"""What the console leads to, for each operator only what they may open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import request, url_for

from ops.console.console import may_work_in, me
from ops.gateway.roles import Area, Role


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


THEIR_OWN: Mapping[Role, tuple[tuple[str, str, str | None], ...]] = {
    Role.FACILITATOR: (
        ("Your work", "console.your_work", None),
        ("Your calendar", "console.your_calendar", None),
        ("On file", "console.facilitator", "facilitator"),
    ),
    Role.COMMISSIONER: (
        ("Your agreements", "console.your_agreements", None),
        ("Your organisation", "console.organisation", "organisation"),
    ),
}
"""For who sees only what is theirs: each page's words, its endpoint, and the argument that says whose it is, if any."""


def navigation() -> list[dict[str, str | bool]]:
    """Give the entries for who is signed in: words, address, and whether the page that is open lies below it."""
    places = [(place.words, url_for(place.endpoint)) for place in PLACES if may_work_in(place.area)]
    return [
        {"words": words, "address": address, "here": _is_here(address)} for words, address in (*_their_own(), *places)
    ]


def _their_own() -> list[tuple[str, str]]:
    own = [each for role in sorted(me().roles) for each in THEIR_OWN.get(role, ())]
    whose: Any = me().stands_for
    return [(words, url_for(endpoint, **({name: whose} if name else {}))) for words, endpoint, name in own]


def _is_here(address: str) -> bool:
    return request.path == address or request.path.startswith(f"{address}/")
