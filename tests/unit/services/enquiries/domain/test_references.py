"""References that can be read aloud."""

from __future__ import annotations

import random
import re

import pytest

from services.enquiries.domain.references import ALPHABET, new_reference, normalise_reference


def test_a_reference_is_six_drawn_characters_in_two_groups() -> None:
    drawn = iter("7F3K92")

    assert new_reference(lambda _alphabet: next(drawn)) == "KT-7F3K-92"


def test_every_reference_has_the_shape_and_keeps_its_form() -> None:
    chance = random.Random(2)  # noqa: S311 - a repeatable sample
    for _ in range(200):
        reference = new_reference(chance.choice)

        assert re.fullmatch(r"KT-[2-9A-Z]{4}-[2-9A-Z]{2}", reference)
        assert normalise_reference(reference) == reference


def test_nothing_that_sounds_or_looks_alike_is_drawn() -> None:
    assert not set(ALPHABET) & set("01OILSZBUVAEYNJ")
    assert len(set(ALPHABET)) == len(ALPHABET) == 17


@pytest.mark.parametrize(
    "typed", ["kt-7f3k-92", " KT 7F3K 92 ", "KT7F3K92", "kt–7f3k–92", "7F3K-92", "7f3k92", "KT_7F3K.92"]
)
def test_a_reference_is_known_however_it_was_typed(typed: str) -> None:
    assert normalise_reference(typed) == "KT-7F3K-92"


@pytest.mark.parametrize("typed", ["", "hello", "KT-7F3K-921", "' or 1=1"])
def test_what_is_no_reference_stays_none(typed: str) -> None:
    assert normalise_reference(typed) == typed.upper()
