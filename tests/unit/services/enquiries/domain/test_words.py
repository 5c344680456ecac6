"""What people may write to us."""

from __future__ import annotations

import pytest

from services.enquiries.domain.references import ALPHABET
from services.enquiries.domain.words import clean, control_characters_in, header_in, prison_number_in


@pytest.mark.parametrize(
    "text",
    [
        "A1234BC",
        "a1234bc",
        "about A1234BC, who joined us",
        "(A1234BC)",
        "A 1234 BC",
        "a 1234 bc",
        "A-1234-BC",
        "A1234 - BC",
        "A–1234–BC",
        "A1234BC's place",
        "file_A1234BC_notes",
        "line one\nA1234BC",
        "Ａ１２３４ＢＣ",
        "A1234\u200bBC",
        "A\u00a01234\u00a0BC",
    ],
)
def test_a_prison_number_is_seen_however_it_is_written(text: str) -> None:
    assert prison_number_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "WA3 6BP",
        "SW1A 1AA",
        "B33 8TH",
        "EC1A 1BB and M1 1AE",
        "01925 763871",
        "+44 (0)1925 763 871 ext 12",
        "KT-7F3K-92",
        "kt 7f3k 92",
        "We hope to start in a 2027 or later group",
        "the A1234 to Leeds is closed",
        "room A1234 is free",
        "XA1234BC",
        "A12345BC",
        "A1234BCD",
        "A\n1234\nBC",
        "16 sessions, £4,000, from 2027",
        "",
    ],
)
def test_postcodes_telephones_references_and_prose_are_no_prison_number(text: str) -> None:
    assert not prison_number_in(text)


def test_no_reference_reads_as_a_prison_number() -> None:
    for letter in ALPHABET:
        assert not prison_number_in(f"KT-{letter}234-{letter}{letter}")
        assert not prison_number_in(f"KT-2345-{letter}{letter}")


@pytest.mark.parametrize("code", [0x00, 0x1B, 0x7F, 0x85, 0x2028, 0x202E, 0xD800, 0xDFFF, 0xFFFD])
def test_what_is_no_writing_is_seen_on_one_line_and_in_many(code: int) -> None:
    assert control_characters_in(f"a{chr(code)}b", multiline=False)
    assert control_characters_in(f"a{chr(code)}b", multiline=True)


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\tb", "a\n"])
def test_line_breaks_and_tabs_belong_only_where_lines_do(text: str) -> None:
    assert control_characters_in(text, multiline=False)
    assert not control_characters_in(text, multiline=True)


@pytest.mark.parametrize(
    "text", ["Siân Ŵyn-Jones", "O’Brien", "12\u00a0people", "👩🏽‍🏫 thanks", "zero\u200bwidth", ""]
)
def test_names_in_any_language_are_writing(text: str) -> None:
    assert not control_characters_in(text, multiline=False)


@pytest.mark.parametrize(
    "text",
    [
        "Bcc: x@example.org",
        "subject : hello",
        "Jo\nCc: a@example.org",
        "Jo%0aBcc: x",
        "Content-Type: text/html",
        "X-Any: y",
    ],
)
def test_an_email_header_is_seen_at_the_start_of_a_line(text: str) -> None:
    assert header_in(text)


@pytest.mark.parametrize("text", ["Head of Learning: Skills", "Toby: governor", "Jo to: do", "Fromelles", "Date"])
def test_a_colon_in_a_title_is_no_header(text: str) -> None:
    assert not header_in(text)


def test_cleaning_composes_and_trims_and_changes_nothing_else() -> None:
    assert clean("  Sia\u0302n  Jones \n") == "Si\u00e2n  Jones"
