"""The signed links to somebody's preferences: they name one person, and nothing that was changed names anybody."""

from __future__ import annotations

import pytest

from services.notifications.domain.people import person_in
from services.notifications.web.preference_links import PreferenceLinks
from tests.unit.services.notifications.preference_cast import CONTACT, ENQUIRER, FACILITATOR, KEYS, SAM

LINKS = PreferenceLinks(KEYS, "https://keys.example")


@pytest.mark.parametrize("person", [CONTACT, FACILITATOR, ENQUIRER])
def test_a_link_names_its_person_below_messages(person):
    assert LINKS.page(person) == f"https://keys.example/messages/{LINKS.token(person)}"
    assert LINKS.one_click(person) == f"https://keys.example/messages/stop/{LINKS.one_click_token(person)}"
    assert LINKS.read(LINKS.token(person)) == person
    assert LINKS.read_one_click(LINKS.one_click_token(person)) == person


@pytest.mark.parametrize("person", [CONTACT, ENQUIRER])
def test_nothing_that_was_changed_names_anybody(person):
    token = LINKS.token(person)
    brief, _dot, signature = token.rpartition(".")

    swapped = f"f{brief[1:]}.{signature}"
    for wrong in ("", "x", ".", token[:-1], f"{token}x", f"x{token}", "ŵ.ŵ", brief, signature, swapped):
        assert LINKS.read(wrong) is None


def test_the_token_of_the_page_opens_nothing_at_the_one_click_address_nor_the_other_way_round():
    assert LINKS.read_one_click(LINKS.token(CONTACT)) is None
    assert LINKS.read(LINKS.one_click_token(CONTACT)) is None


def test_a_link_signed_with_the_former_key_still_opens_and_one_with_no_key_of_ours_does_not():
    assert LINKS.read(PreferenceLinks(KEYS[1:], "").token(CONTACT)) == CONTACT
    assert LINKS.read_one_click(PreferenceLinks(KEYS[1:], "").one_click_token(CONTACT)) == CONTACT
    assert LINKS.read(PreferenceLinks(("a-key-of-somebody-else",), "").token(CONTACT)) is None
    assert PreferenceLinks(KEYS[:1], "").read(LINKS.token(CONTACT)) == CONTACT


@pytest.mark.parametrize("person", ["ops", "", "contact:", "contact:../x", "prison:RSI", "enquirer:KT 7F3K"])
def test_nobody_else_gets_a_link(person):
    with pytest.raises(ValueError, match="nobody who could choose"):
        LINKS.page(person)


@pytest.mark.parametrize(
    ("text", "person"),
    [
        (CONTACT.upper().replace("CONTACT", "contact"), CONTACT),
        (f"contact:{SAM.hex}", CONTACT),
        (f" {FACILITATOR} ", FACILITATOR),
        ("enquirer:kt-7f3k-92", ENQUIRER),
        ("contact:KT-7F3K-92", None),
        ("enquirer:", None),
        ("enquirer:KT", None),
        ("ops", None),
        (str(SAM), None),
        ("sam@risley.example", None),
    ],
)
def test_a_person_is_named_in_one_way_only(text, person):
    assert person_in(text) == person
