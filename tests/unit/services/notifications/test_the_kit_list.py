"""The kit list asks, as it goes out, what a run brings in and how that stands with the prison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.notifications.domain.kit_lists import ALL_REFUSED, NO_KIT, kit_told, why_no_kit_list
from services.notifications.domain.occasions import enquirer
from tests.unit.services.notifications.sending_house import MONDAY, REF, RUN, SESSION, reminder


def item(name: str, standing: str, **more: Any) -> dict[str, Any]:
    """An item as scheduling gives it."""
    usual = {"quantity": 12, "risk": "ordinary", "counted": False, "instead_of": None, "valid_until": None}
    return {"item": name, **usual, "standing": standing, "choices": [], **more}


BOOKS = item("workbooks", "approved", valid_until="2027-06-30")
NEEDLES = item("needles", "not_asked", quantity=120, risk="sharp", counted=True)
MATS = item("mats", "lapses", valid_until="2027-03-12")
OILS = item("oils", "refused")


@pytest.fixture
def sent(house):
    """Send the list with some items on it; give the words of the mail, or why there is none."""

    def send(*items: dict[str, Any]) -> str:
        house.owners.kit = list(items)
        facts = {**RUN, "session": SESSION, "of": 16}
        house.enter(replace(reminder(), recipient=enquirer(REF), template="kit_list_contact", facts=facts))
        house.send(MONDAY)
        if house.mails:
            return " ".join(house.mails[0].text.split())
        [message] = house.ledger()
        return f"{message.state}: {message.why}"

    return send


def test_what_is_not_agreed_yet_is_asked_for_and_stands_first(sent):
    words = sent(BOOKS, NEEDLES, MATS)

    assert "To be agreed - 120 needles, sharp, counted in and out" in words
    assert "- 12 mats (agreed so far until Friday 12 March 2027) Agreed - 12 workbooks What" in words
    assert "Tell us what may come in and what may not" in words
    assert "Not coming in" not in words


def test_where_all_is_agreed_nothing_is_asked(sent):
    words = sent(BOOKS)

    assert "as agreed with you" in words
    assert "To be agreed" not in words
    assert "Tell us what may come in" not in words
    assert "30 June" not in words


def test_what_was_refused_is_not_asked_for_again(sent):
    words = sent(BOOKS, OILS)

    assert "Not coming in, as you told us - 12 oils What happens next" in words
    assert "we look for another way and tell you" in words
    assert "To be agreed" not in words


@pytest.mark.parametrize(("items", "why"), [((), NO_KIT), ((OILS,), ALL_REFUSED)])
def test_where_there_is_nothing_to_bring_nothing_goes_out_and_why_is_said(sent, items, why):
    assert sent(*items) == f"suppressed: {why}"


def test_while_scheduling_is_away_it_waits(house, sent):
    house.owners.away = {"scheduling"}

    assert sent(BOOKS).startswith("scheduled: ")


@pytest.mark.parametrize(
    ("standing", "group"),
    [("approved", "agreed"), ("requested", "to_agree"), ("not_asked", "to_agree"), ("lapses", "to_agree"),
     ("refused", "refused")],
)  # fmt: skip
def test_each_standing_has_its_place(standing, group):
    told = kit_told([item("needles", standing)])

    assert [name for name, items in told.items() if items] == [group]
    assert (why_no_kit_list(told) is None) == (standing != "refused")
