"""Telling which establishment people mean, however they write its name."""

from __future__ import annotations

import pytest

from shared.establishment_names import bare_name, matching_establishment, same_establishment

NAMES = {
    "RSI": "Risley (HMP)",
    "PRI": "Parc (HMP)",
    "PYI": "Parc (HMPYOI)",
    "UKI": "Usk (HMP)",
    "WTI": "Whatton (HMP)",
}


@pytest.mark.parametrize("text", ["RSI", "rsi", "Risley (HMP)", "HMP Risley", "risley", " Risley Prison "])
def test_one_place_written_in_many_ways_is_found(text):
    assert matching_establishment(text, NAMES) == "RSI"


@pytest.mark.parametrize("text", ["", "HMP", "the prison", "Rizley", "Risley and Usk"])
def test_words_that_name_no_one_place_find_none(text):
    assert matching_establishment(text, NAMES) is None


def test_a_bare_name_that_two_places_share_finds_neither():
    assert matching_establishment("Parc", NAMES) is None


@pytest.mark.parametrize(("text", "found"), [("PYI", "PYI"), ("parc (hmp)", "PRI"), ("Parc (HMPYOI)", "PYI")])
def test_an_id_or_a_whole_name_settles_which_of_two_is_meant(text, found):
    assert matching_establishment(text, NAMES) == found


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Prison Caerdydd", "caerdydd"),
        ("Carchar Abertawe", "abertawe"),
        ("Tŷ Llwyd", "ty llwyd"),
        ("Môn (HMP)", "mon"),
        ("St. John's", "st johns"),
    ],
)
def test_a_bare_name_has_no_case_no_accents_and_no_kind(name, bare):
    assert bare_name(name) == bare


def test_two_places_are_not_the_same_for_having_no_name_at_all():
    assert not same_establishment("HMP", "XXI", "The Prison")
