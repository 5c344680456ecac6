"""What people may write to us."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enquiries.domain.references import ALPHABET
from services.enquiries.domain.words import (
    Detail,
    clean,
    control_characters_in,
    details_in,
    header_in,
    is_blank,
    prison_number_in,
)

TODAY = date(2026, 11, 25)


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


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("A1234BC", {Detail.PRISON_NUMBER}),
        ("NHS 943 476 5919", {Detail.NHS_NUMBER}),
        ("2003/0011985X", {Detail.PNC_NUMBER}),
        ("born 12 March 1985", {Detail.LONG_PAST_DATE}),
        ("A1234BC (2003/0011985X), 943 476 5919, 12.3.85", set(Detail)),
        ("１２／０３／１９８５", {Detail.LONG_PAST_DATE}),
        ("١٢/٠٣/١٩٨٥", {Detail.LONG_PAST_DATE}),
        ("943\u200b476\u200b5919", {Detail.NHS_NUMBER}),
        ("2003\u20440011985X", {Detail.PNC_NUMBER}),
        ("12ᵗʰ March 1985", {Detail.LONG_PAST_DATE}),
    ],
)
def test_each_kind_of_detail_is_found_and_named(text: str, kinds: set[Detail]) -> None:
    assert set(details_in(text, TODAY)) == kinds


HONEST = [
    "We have a quiet room that holds fourteen. Tuesdays suit us best, 13:45 to 16:30.",
    "Please ring 01925 763871 or 07700 900123, ext 12; from abroad +44 (0)1925 763 871.",
    "HMP Risley, Warrington Road, WA3 6BP. Main gate opens 07:30.",
    "Our reference is KT-7F3K-92, our order PO 4500012345, invoice 2026/1187.",
    "The prison was founded in 1985 and has run programmes since March 2009.",
    "We could start on 12/01/2027 or on 19 January 2027; not 21 Dec to 3 Jan.",
    "Our last course ended on 3 July 2024.",
    "Group sizes of 8, 10 or 12, at £250 a session for 16 sessions (£4,000).",
    "Rydym yn gobeithio dechrau ar 12 Ionawr 2027 gyda 10 o bobl.",
    "On 12 March 14 staff are free, on 28 March 30 more. 24/7 cover is in place.",
    "Wings A, B and C; room 2.1.14; about 600 men on the roll; budget 2026/27 of 16,250 pounds.",
    "call me on 0161 496 0123 asap, im in mon-thu 8-4, fri 8-12.30",
    "Ofsted 2019, HMIP 2022. See page 14, paragraph 3.2.11.",
    "Company number 08765432, charity 1122334, VAT GB 123 4567 82.",
    "Zoom 812 3456 7890, passcode 445566.",
    "Places: 3 days x 8-16 people. Dates 4/5/6 May or 10/11/12 May.",
    "Session 9 on 9 March 2027 moved to 16 March 2027 (see email of 8.3.27).",
]


@pytest.mark.parametrize("text", HONEST)
def test_what_honest_people_write_holds_no_such_detail(text: str) -> None:
    assert details_in(text, TODAY) == ()


@given(st.sampled_from(HONEST), st.sampled_from(["A1234BC", "943 476 5919", "2001/1234567X", "12/03/1985"]))
def test_a_detail_is_found_wherever_it_stands_in_honest_words(text: str, detail: str) -> None:
    middle = text.index(" ")

    for whole in (f"{detail} {text}", f"{text} {detail}", f"{text[:middle]} {detail},{text[middle:]}"):
        assert details_in(whole, TODAY)


@given(st.text(max_size=300), st.dates(date(2020, 1, 1), date(2099, 12, 31)))
def test_any_text_at_all_is_answered(text: str, today: date) -> None:
    assert set(details_in(text, today)) <= set(Detail)


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b", "\u00a0\u200d\ufeff", "\u3164", "\u2800 \u2800"])
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "\u200bJo", "می\u200cخواهم", "👩🏽\u200d🏫", "."])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert not is_blank(text)
