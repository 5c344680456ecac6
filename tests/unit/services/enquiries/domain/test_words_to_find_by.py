"""The words an enquiry is found by and those that are looked for are one and the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.references import ALPHABET
from services.enquiries.domain.searching import (
    LONGEST_WORD,
    MOST_WORDS_ASKED,
    entry_of,
    plain_words,
    reference_asked,
    words_asked,
)

REFERENCES = st.text(ALPHABET, min_size=6, max_size=6)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Ffion Môn", "MON"),
        ("O\u2019Brien", "obrien"),
        ("Straße", "strasse"),
        ("HMP/YOI Parc", "parc"),
        ("alex.morgan@risley.example", "alex.morgan@risley.example"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("İstanbul", "istanbul"),
        ("01925 763871", "763871"),
    ],
)
def test_what_somebody_would_type_is_what_was_written(written, asked):
    assert set(words_asked(asked)) <= set(plain_words(written))


def test_each_word_is_kept_once_and_empty_texts_are_nothing():
    assert plain_words("Risley, risley", None, "", "RISLEY (HMP)") == ["risley", "hmp"]
    assert entry_of(plain_words("Risley HMP")) == " risley hmp"
    assert entry_of([]) == ""


@given(st.text(max_size=200))
def test_words_are_plain_and_going_through_again_changes_nothing(text):
    words = plain_words(text)

    assert all(word.isalnum() or not word.isascii() for word in words)
    assert not any(set(word) & set(" _'%\\") for word in words)
    assert all(0 < len(word) <= LONGEST_WORD for word in words)
    assert plain_words(*words) == words or "kt" in text.casefold()


@given(REFERENCES, st.sampled_from(["KT-{}-{}", "kt{}{}", " kt {} {} ", "KT {}-{}", "{}{}", "{}-{}", "kt_{}_{}"]))
def test_a_reference_is_one_in_any_spelling(drawn, spelling):
    typed = spelling.format(drawn[:4].lower(), drawn[4:])

    assert reference_asked(typed) == f"KT-{drawn[:4]}-{drawn[4:]}"


@given(REFERENCES)
def test_a_reference_among_other_words_is_one_word(drawn):
    reference = f"KT-{drawn[:4]}-{drawn[4:]}"

    assert plain_words(f"As I wrote in {reference}, we") == ["as", "i", "wrote", "in", drawn.lower(), "we"]


@pytest.mark.parametrize("text", ["Risley", "KT", "", "7F3K", "KT-7F3K-92 and more", "prison"])
def test_words_are_no_reference(text):
    assert reference_asked(text) is None


def test_a_search_asks_for_the_longer_of_two_beginnings_and_for_no_more_than_a_sentence():
    assert words_asked("ris risley HMP hmp") == ["risley", "hmp"]
    assert (
        len(words_asked(" ".join(f"{letter}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))) == MOST_WORDS_ASKED
    )
