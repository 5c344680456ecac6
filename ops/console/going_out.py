"""What a change writes to people, shown before it is made: one page for every change of that kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from ops.console.console import KEY, ask, may_ask, page

APPLY = "apply"
"""The field that says what is wanted once the page was seen: `yes`, or `back`; without it, to see the page."""
_OF_EACH_FORM = {"csrf_token", KEY, APPLY}


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter that a change sends: to whom, in words, and the template that has its words."""

    whom: str
    template: str


@dataclass(frozen=True, slots=True)
class GoingOut:
    """A change as it is shown first: its letters, what else follows from it, its own words or paper, and its button.

    `back` is the address of the page that it was asked for on.
    """

    title: str
    button: str
    back: str
    letters: tuple[Letter, ...] = ()
    follows: tuple[str, ...] = ()
    words: str | None = None
    paper: str | None = None
    kind: str = ""


def seen_first(
    service: str, method: str, look: Callable[[], GoingOut], again: Callable[[], Response]
) -> Response | None:
    """Give the page that shows what goes out, or `again` for who goes back from it; None once it was seen.

    Who may not ask for the change itself (`service` and `method`) is refused it at once: None, as if it was seen.
    All that was typed goes along in the page's form, so that it is there for the change and for who goes back. What
    `look` asks may be refused: its `Refused` is the caller's to show, as one of the change itself.
    """
    wanted = request.form.get(APPLY)
    if wanted == "yes" or not may_ask(service, method):
        return None
    if wanted == "back":
        return again()
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in _OF_EACH_FORM]
    return page("going_out.html", out=look(), typed=typed, address=request.full_path.rstrip("?"))


def contact_of(reference: str) -> str:
    """Say who is written to about an enquiry, by name where one may know it; or why nobody is."""
    if not may_ask("enquiries", "get_enquiry"):
        return f"The contact of {reference}"
    return named_contact(ask("enquiries", "get_enquiry", reference=reference))


def named_contact(enquiry: Mapping[str, Any]) -> str:
    """Say who is written to about an enquiry that is known already."""
    contact, reference = enquiry.get("contact") or {}, enquiry["reference"]
    name = f"{contact.get('name') or 'The contact'}, of {reference}"
    if contact.get("status", "active") != "active":
        return f"{name}: nobody, as they are marked as {contact['status']}"
    return name if contact.get("email") else f"{name}: nobody, as no email is known"
