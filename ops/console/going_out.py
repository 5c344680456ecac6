"""What a change writes to people, shown before it is made: one page for every change of that kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from ops.console.console import KEY, ask, contact_called, facilitator_called, may_ask, page
from ops.console.words import moment
from ops.telling import TELLS, Told, gathered
from shared.errors import Refused

APPLY = "apply"
"""The field that says what is wanted once the page was seen: `yes`, or `back`; without it, to see the page."""
AS_IF: Mapping[str, Any] = {"accept_breaches": True, "dry_run": True}
"""How a change is tried to see whom it would tell: as if whoever looks accepted what rules would no longer hold."""
_OF_EACH_FORM = {"csrf_token", KEY, APPLY}


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter that a change sends, or takes back: to whom, in words, and the template that has its words.

    `when` is when it is due, in words; `why` is why it is not sent any more. `is_reminder`: it comes by a rule.
    """

    whom: str
    template: str
    when: str = ""
    why: str = ""
    is_reminder: bool = False


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a change, or None where they are not known now; and those that are not sent any more."""

    sent: tuple[Letter, ...] | None = ()
    unsent: tuple[Letter, ...] = ()


@dataclass(frozen=True, slots=True)
class GoingOut:
    """A change as it is shown first: its letters, what else follows from it, its own words or paper, and its button.

    `back` is the address of the page that it was asked for on.
    """

    title: str
    button: str
    back: str
    letters: Letters = Letters()
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


def told_by(found: Mapping[str, Any]) -> Letters:
    """Give the letters of a change as its dry run found them."""
    tells = found[TELLS]
    if tells is None:
        return Letters(None)
    sent, withdrawn = gathered(tells["sends"]), gathered(tells["cancels"])
    called = {each: whom(each) for each in {told.recipient for told in (*sent, *withdrawn)}}
    sent_letters, unsent = (
        tuple(Letter(called[each.recipient], each.template, _when(each), each.why, each.is_reminder) for each in those)
        for those in (sent, withdrawn)
    )
    return Letters(sent_letters, unsent)


def whom(recipient: str) -> str:
    """Say who a recipient is, by name where one may know it."""
    kind, _colon, key = recipient.partition(":")
    if kind == "enquirer":
        try:
            return contact_of(key)
        except Refused:
            return f"The contact of {key}"
    if kind == "facilitator":
        return facilitator_called(key)
    return contact_called(key) if kind == "contact" else "Our team"


def _when(told: Told) -> str:
    at = moment(told.first_due)
    return at if told.count == 1 else f"{told.count} of them, the first {at}"


def contact_of(reference: str) -> str:
    """Say who is written to about an enquiry, by name where one may know it; or why nobody is."""
    if not may_ask("enquiries", "get_enquiry"):
        return f"The contact of {reference}"
    contact = ask("enquiries", "get_enquiry", reference=reference).get("contact") or {}
    name = f"{contact.get('name') or 'The contact'}, of {reference}"
    if contact.get("status", "active") != "active":
        return f"{name}: nobody, as they are marked as {contact['status']}"
    return name if contact.get("email") else f"{name}: nobody, as no email is known"
